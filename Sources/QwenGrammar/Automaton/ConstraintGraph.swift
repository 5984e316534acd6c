/// What a constraint allows, as a graph that never changes: values that lead to shapes of arrays and objects, and those
/// to values.
struct ConstraintGraph: Sendable {
    /// No value.
    static let none: Int32 = -1

    /// What may stand where a value stands.
    struct Value: Sendable {
        var allowsNull = false
        var allowsTrue = false
        var allowsFalse = false
        /// An automaton over the bytes of numbers, or ``none``.
        var number = ConstraintGraph.none
        /// A string, or ``none``.
        var string = ConstraintGraph.none
        var arrays: [Int32] = []
        var objects: [Int32] = []
    }

    /// A string: an automaton over the bytes between the quotes, and how many code points there may be.
    struct StringShape: Hashable, Sendable {
        var automaton: Int32
        var minimum: Int32 = 0
        var maximum: Int32?
        var isCounted: Bool { minimum > 0 || maximum != nil }
    }

    /// An array.
    struct ArrayShape: Sendable {
        /// How many of the elements from a place on satisfy something.
        struct Containment: Sendable {
            var from: Int
            var minimum: Int
            var maximum: Int?
        }

        /// For each place, the last standing for all further ones: the values for every set of containments that the
        /// element may count for.
        var elements: [[(counting: UInt8, value: Int32)]]
        var minimum: Int
        var maximum: Int?
        var isUnique: Bool
        var containments: [Containment]
        /// From this many elements on, more make no difference.
        var countLimit: Int

        func choices(at index: Int) -> [(counting: UInt8, value: Int32)] {
            elements[min(index, elements.count - 1)]
        }
    }

    /// An object.
    struct ObjectShape: Sendable {
        /// The listed names as they stand in JSON, sorted by their bytes.
        var names: [[UInt8]]
        /// The value of each listed name; ``ConstraintGraph/none`` where the name must not be a member.
        var values: [Int32]
        var required: NameSet
        /// The names that can be members at all.
        var possible: NameSet
        var minimum: Int
        var maximum: Int?
        /// Where the first is a member, the second must be one.
        var dependencies: [(Int, Int)]
        /// How many witnesses there must be among the members that are not listed.
        var witnessCount: Int
        /// An automaton over the bytes of names that are not listed, or ``ConstraintGraph/none``. Its labels are numbers
        /// into `unlisted`, plus 1.
        var unlistedNames: Int32
        /// For every label, the values for every set of witnesses that the member may be.
        var unlisted: [[(witnesses: UInt8, value: Int32)]]
        var trie: NameTrie
        /// From this many members on, more make no difference.
        var countLimit: Int
    }

    var values: [Value] = []
    var strings: [StringShape] = []
    var arrays: [ArrayShape] = []
    var objects: [ObjectShape] = []
    var automata: [ByteAutomaton] = []
    /// Where a text begins.
    var start = Start.value(0)
    /// The rules of a grammar, where a text follows one.
    var rules: RuleNetwork?
    /// Whether a whole text is JSON, with white space around it or none.
    var isJSON = true
    /// White space between the parts of JSON.
    var whitespace = SchemaOptions.Whitespace.none

    enum Start: Sendable {
        /// With a JSON value.
        case value(Int32)
        /// With a text that an automaton describes from end to end.
        case text(Int32)
        /// With the first rule of the grammar.
        case rule
    }

    var hasUniqueArrays: Bool { arrays.contains(where: \.isUnique) }

    /// Takes in what another graph holds.
    ///
    /// - Returns: the number that the value 0 of the other graph has in this one.
    mutating func append(_ other: ConstraintGraph) -> Int32 {
        let firstValue = Int32(values.count)
        let firstArray = Int32(arrays.count)
        let firstObject = Int32(objects.count)
        let firstString = Int32(strings.count)
        var automatonNumbers: [Int32] = []
        // Masks are shared between strings of one automaton, that of any text before all.
        for automaton in other.automata {
            if let known = automata.firstIndex(of: automaton) {
                automatonNumbers.append(Int32(known))
            } else {
                automatonNumbers.append(Int32(automata.count))
                automata.append(automaton)
            }
        }
        func moved(_ number: Int32, by first: Int32) -> Int32 { number < 0 ? number : number + first }
        func automaton(_ number: Int32) -> Int32 { number < 0 ? number : automatonNumbers[Int(number)] }
        for var value in other.values {
            value.number = automaton(value.number)
            value.string = moved(value.string, by: firstString)
            value.arrays = value.arrays.map { moved($0, by: firstArray) }
            value.objects = value.objects.map { moved($0, by: firstObject) }
            values.append(value)
        }
        for var string in other.strings {
            string.automaton = automaton(string.automaton)
            strings.append(string)
        }
        for var array in other.arrays {
            array.elements = array.elements.map { $0.map { ($0.counting, moved($0.value, by: firstValue)) } }
            arrays.append(array)
        }
        for var object in other.objects {
            object.values = object.values.map { moved($0, by: firstValue) }
            object.unlistedNames = automaton(object.unlistedNames)
            object.unlisted = object.unlisted.map { $0.map { ($0.witnesses, moved($0.value, by: firstValue)) } }
            objects.append(object)
        }
        return firstValue
    }
}

/// A set of an object's listed names, by their numbers.
struct NameSet: Hashable, Sendable {
    private(set) var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    func contains(_ index: Int) -> Bool { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }

    mutating func insert(_ index: Int) { words[index >> 6] |= 1 << UInt64(index & 63) }

    mutating func remove(_ index: Int) { words[index >> 6] &= ~(1 << UInt64(index & 63)) }

    /// How many members another set lacks.
    func count(notIn other: NameSet) -> Int {
        var count = 0
        for (mine, theirs) in zip(words, other.words) { count += (mine & ~theirs).nonzeroBitCount }
        return count
    }

    mutating func formUnion(_ other: NameSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    func subtracting(_ other: NameSet) -> NameSet {
        var result = self
        for index in words.indices { result.words[index] &= ~other.words[index] }
        return result
    }

    /// Whether there is a member in a range.
    func hasMember(in range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let word = words[index >> 6] >> UInt64(index & 63)
            if word != 0 { return index + word.trailingZeroBitCount < range.upperBound }
            index = (index | 63) + 1
        }
        return false
    }

    func members(in range: Range<Int>) -> [Int] { range.filter { contains($0) } }
}

/// The listed names of an object by their bytes. Names are sorted, so that every node stands for a range of them.
struct NameTrie: Sendable {
    static let dead: Int32 = -1

    struct Node: Sendable {
        /// The names that begin with the bytes to this node.
        var first: Int32
        var end: Int32
        /// The name that ends here, or -1.
        var name: Int32
        /// Where the node's edges lie.
        var edges: Int32
        var edgeCount: Int32
    }

    private(set) var nodes: [Node] = []
    private var bytes: [UInt8] = []
    private var targets: [Int32] = []

    /// - Parameter names: sorted by their bytes, none twice.
    init(_ names: [[UInt8]]) {
        var pending: [(node: Int, depth: Int)] = [(0, 0)]
        nodes.append(Node(first: 0, end: Int32(names.count), name: -1, edges: 0, edgeCount: 0))
        var head = 0
        while head < pending.count {
            let (node, depth) = pending[head]
            head += 1
            var index = Int(nodes[node].first)
            let end = Int(nodes[node].end)
            if index < end, names[index].count == depth {
                nodes[node].name = Int32(index)
                index += 1
            }
            nodes[node].edges = Int32(bytes.count)
            while index < end {
                let byte = names[index][depth]
                var last = index + 1
                while last < end, names[last][depth] == byte { last += 1 }
                bytes.append(byte)
                targets.append(Int32(nodes.count))
                pending.append((nodes.count, depth + 1))
                nodes.append(Node(first: Int32(index), end: Int32(last), name: -1, edges: 0, edgeCount: 0))
                index = last
            }
            nodes[node].edgeCount = Int32(bytes.count) - nodes[node].edges
        }
    }

    /// The bytes that lead on from a node, and where to.
    func edges(from node: Int32) -> Zip2Sequence<ArraySlice<UInt8>, ArraySlice<Int32>> {
        let start = Int(nodes[Int(node)].edges)
        let end = start + Int(nodes[Int(node)].edgeCount)
        return zip(bytes[start..<end], targets[start..<end])
    }

    func step(_ node: Int32, _ byte: UInt8) -> Int32 {
        let start = Int(nodes[Int(node)].edges)
        for index in start..<start + Int(nodes[Int(node)].edgeCount) where bytes[index] == byte {
            return targets[index]
        }
        return Self.dead
    }
}
