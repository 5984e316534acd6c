extension ByteAutomaton {
    /// How code points are written as bytes.
    enum Encoding {
        /// UTF-8.
        case raw
        /// UTF-8 within a JSON string, with the escapes of Python's `json.dumps(ensure_ascii=False)` and no others.
        case json
    }

    /// The bytes of the texts that an automaton over code points accepts; nil where there is none.
    ///
    /// - Parameters:
    ///   - automaton: over code points.
    ///   - encoding: how code points are written.
    ///   - label: what a label of the automaton becomes; 0 to accept nothing.
    init?(_ automaton: ScalarAutomaton, encoding: Encoding, label: (UInt64) -> Int32 = { _ in 1 }) {
        let labels = automaton.labels.map { $0 == 0 ? 0 : label($0) }
        let relabelled = ScalarAutomaton(
            starts: automaton.starts,
            transitions: automaton.transitions,
            labels: labels.map { UInt64(UInt32(bitPattern: $0)) }
        )
        let distances = relabelled.distances
        guard distances[0] != .max else { return nil }
        var expansion = Expansion(automaton: relabelled, distances: distances, encoding: encoding)
        var numbers = [Int32](repeating: -1, count: relabelled.stateCount)
        var order: [Int] = []
        // Live states first, so that the first is state 0.
        for state in 0..<relabelled.stateCount where distances[state] != .max {
            numbers[state] = expansion.builder.addState(
                label: labels[state],
                distance: distances[state],
                isBetween: true
            )
            order.append(state)
        }
        expansion.numbers = numbers
        for state in order { expansion.expand(state) }
        self = expansion.builder.build()
    }

    /// Every text within a JSON string.
    static let anyString = ByteAutomaton(ScalarAutomaton.all, encoding: .json)

    /// Exactly these texts.
    init?(texts: [String], encoding: Encoding) {
        guard !texts.isEmpty else { return nil }
        let bytes = texts.map { encoding == .json ? Self.escaped($0) : Array($0.utf8) }.sorted {
            $0.lexicographicallyPrecedes($1)
        }
        var builder = ByteAutomatonBuilder()
        // Sorted texts share their beginnings with their neighbours: the states of the last one are on a stack.
        var path = [builder.addState(label: 0, distance: 0, isBetween: false)]
        var ends: Set<Int32> = []
        var previous: [UInt8] = []
        for text in bytes {
            var shared = 0
            while shared < min(text.count, previous.count), text[shared] == previous[shared] { shared += 1 }
            path.removeSubrange((shared + 1)...)
            for byte in text[shared...] {
                let state = builder.addState(label: 0, distance: 0, isBetween: false)
                builder.addEdge(from: path[path.count - 1], byte...byte, to: state)
                path.append(state)
            }
            ends.insert(path[path.count - 1])
            previous = text
        }
        builder.label(ends)
        self = builder.build()
    }

    /// A text as it stands in a JSON string.
    static func escaped(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                result += escape(byte)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    /// The escape of a character that must not stand for itself.
    static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case 0x08: Array(#"\b"#.utf8)
        case 0x09: Array(#"\t"#.utf8)
        case 0x0A: Array(#"\n"#.utf8)
        case 0x0C: Array(#"\f"#.utf8)
        case 0x0D: Array(#"\r"#.utf8)
        case ..<0x20:
            Array(#"\u00"#.utf8) + [byte >> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 }
        default: [UInt8(ascii: "\\"), byte]
        }
    }
}

extension ByteAutomatonBuilder {
    mutating func label(_ states: Set<Int32>) {
        for state in states { setLabel(1, of: state) }
    }
}

/// Writes the transitions over code points as transitions over bytes.
private struct Expansion {
    let automaton: ScalarAutomaton
    let distances: [Int]
    let encoding: ByteAutomaton.Encoding
    var builder = ByteAutomatonBuilder()
    var numbers: [Int32] = []

    /// States within a code point, by what leads on from them.
    private var inner: [Tree: Int32] = [:]

    init(automaton: ScalarAutomaton, distances: [Int], encoding: ByteAutomaton.Encoding) {
        self.automaton = automaton
        self.distances = distances
        self.encoding = encoding
    }

    /// Adds the edges of a state.
    mutating func expand(_ state: Int) {
        let from = numbers[state]
        var tree = Tree()
        for classIndex in 0..<automaton.classCount {
            let target = automaton.next(state, classIndex: classIndex)
            guard numbers[target] >= 0 else { continue }
            add(automaton.range(ofClass: classIndex), to: numbers[target], distance: distances[target], &tree)
        }
        attach(tree, to: from)
    }

    /// Byte sequences that lead from one state to others, before they become states.
    private struct Tree: Hashable {
        struct Edge: Hashable {
            var bytes: [ClosedRange<UInt8>]
            var target: Int32
            var distance: Int
        }

        var edges: [Edge] = []
    }

    private mutating func add(_ range: ClosedRange<UInt32>, to target: Int32, distance: Int, _ tree: inout Tree) {
        func plain(_ range: ClosedRange<UInt32>) {
            for bytes in UTF8Ranges.sequences(range) {
                tree.edges.append(.init(bytes: bytes, target: target, distance: distance))
            }
        }
        guard encoding == .json else { return plain(range) }
        var next = range.lowerBound
        for special in Self.escapedScalars where special >= range.lowerBound && special <= range.upperBound {
            if special > next { plain(next...special - 1) }
            let escape = ByteAutomaton.escape(UInt8(special))
            tree.edges.append(.init(bytes: escape.map { $0...$0 }, target: target, distance: distance))
            next = special + 1
        }
        if next <= range.upperBound { plain(next...range.upperBound) }
    }

    private static let escapedScalars: [UInt32] = Array(0..<0x20) + [0x22, 0x5C]

    private mutating func attach(_ tree: Tree, to state: Int32) {
        // Sequences that begin with the same byte share a state. Ranges of first bytes either coincide or are apart,
        // once cut at each other's ends.
        var singles: [(ClosedRange<UInt8>, Int32)] = []
        var groups: [ClosedRange<UInt8>: Tree] = [:]
        var cuts: Set<Int> = []
        for edge in tree.edges where edge.bytes.count > 1 {
            cuts.insert(Int(edge.bytes[0].lowerBound))
            cuts.insert(Int(edge.bytes[0].upperBound) + 1)
        }
        let sortedCuts = cuts.sorted()
        for edge in tree.edges {
            let first = edge.bytes[0]
            if edge.bytes.count == 1 {
                singles.append((first, edge.target))
                continue
            }
            let rest = Array(edge.bytes.dropFirst())
            var low = Int(first.lowerBound)
            for cut in sortedCuts where cut > low && cut <= Int(first.upperBound) + 1 {
                let edge = Tree.Edge(bytes: rest, target: edge.target, distance: edge.distance)
                groups[UInt8(low)...UInt8(cut - 1), default: Tree()].edges.append(edge)
                low = cut
            }
        }
        for (bytes, target) in singles.sorted(by: { $0.0.lowerBound < $1.0.lowerBound }) {
            builder.addEdge(from: state, bytes, to: target)
        }
        for (bytes, group) in groups.sorted(by: { $0.key.lowerBound < $1.key.lowerBound }) {
            builder.addEdge(from: state, bytes, to: self.state(within: group))
        }
    }

    /// The state within a code point from which a tree leads on.
    private mutating func state(within tree: Tree) -> Int32 {
        if let known = inner[tree] { return known }
        let distance = tree.edges.reduce(Int.max) { min($0, $1.distance) }
        let state = builder.addState(label: 0, distance: distance, isBetween: false)
        attach(tree, to: state)
        inner[tree] = state
        return state
    }
}

/// Ranges of code points as sequences of ranges of bytes.
enum UTF8Ranges {
    /// Surrogates, which UTF-8 does not have, are left out.
    static func sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
        var result: [[ClosedRange<UInt8>]] = []
        for part in [
            0...0x7F as ClosedRange<UInt32>, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
        ] {
            let low = max(range.lowerBound, part.lowerBound)
            let high = min(range.upperBound, part.upperBound)
            if low <= high { split(low, high, &result) }
        }
        return result
    }

    private static func split(_ low: UInt32, _ high: UInt32, _ result: inout [[ClosedRange<UInt8>]]) {
        let length = low < 0x80 ? 1 : low < 0x800 ? 2 : low < 0x10000 ? 3 : 4
        // Cut so that below some continuation byte everything is possible.
        for index in 1..<max(length, 1) {
            let mask = UInt32(1) << (6 * UInt32(index)) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                split(low, low | mask, &result)
                split((low | mask) + 1, high, &result)
                return
            }
            if high & mask != mask {
                split(low, (high & ~mask) - 1, &result)
                split(high & ~mask, high, &result)
                return
            }
        }
        let first = bytes(low, length)
        let last = bytes(high, length)
        result.append(zip(first, last).map { $0...$1 })
    }

    private static func bytes(_ scalar: UInt32, _ length: Int) -> [UInt8] {
        let lead: [UInt32] = [0, 0, 0xC0, 0xE0, 0xF0]
        if length == 1 { return [UInt8(scalar)] }
        var bytes: [UInt8] = []
        for index in 0..<length {
            let part = scalar >> (6 * UInt32(length - 1 - index))
            bytes.append(UInt8(index == 0 ? lead[length] | part : 0x80 | part & 0x3F))
        }
        return bytes
    }
}
