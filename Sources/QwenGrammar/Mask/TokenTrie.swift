/// Tokens by their bytes, as a tree laid out in the order of a walk: a node's children follow it, and behind them comes
/// what follows its whole subtree. A walk that leaves a subtree out is one jump.
struct TokenTrie: Sendable {
    /// A place in the tree: the bytes that lead to it are those of its ancestors, and its own.
    struct Node: Sendable {
        /// The last byte that leads here.
        var byte: UInt8
        /// How many code points have begun on the way here.
        var scalars: UInt8
        /// How many bytes lead here, from 1.
        var depth: UInt16
        /// Where the tokens that end here lie in `tokens`; they reach to the next node's.
        var firstToken: Int32
        /// The node behind this one's subtree.
        var end: Int32
        /// The characters in the subtree, this node's included.
        var characters: CharacterKinds
    }

    /// The nodes, and one more, behind the last.
    private(set) var nodes: [Node] = []
    private(set) var tokens: [Int32] = []
    /// How many code points each of `tokens` begins.
    private(set) var tokenScalars: [UInt8] = []
    private(set) var maximumDepth = 0

    var count: Int { nodes.count - 1 }

    /// - Parameters:
    ///   - entries: texts, none empty, and their tokens, sorted by bytes; a text may occur more than once.
    ///   - pool: holds the texts, which are ranges in it.
    /// - Complexity: O(number of bytes)
    init(sorted entries: [Entry], in pool: UnsafeBufferPointer<UInt8>) {
        nodes.reserveCapacity(entries.reduce(0) { $0 + $1.length } / 2 + 1)
        tokens.reserveCapacity(entries.count)
        tokenScalars.reserveCapacity(entries.count)
        var path: [Int32] = []
        var previous: Entry?
        // What UTF-8 expects along the path: continuation bytes, and the first node of the character.
        var expected: [UInt8] = []
        for entry in entries {
            let text = pool[entry.start..<entry.start + entry.length]
            var shared = 0
            if let previous {
                let before = pool[previous.start..<previous.start + previous.length]
                let limit = min(text.count, before.count)
                while shared < limit, text[text.startIndex + shared] == before[before.startIndex + shared] {
                    shared += 1
                }
            }
            while path.count > shared {
                nodes[Int(path.removeLast())].end = Int32(nodes.count)
                expected.removeLast()
            }
            for byte in text.dropFirst(shared) {
                let parent = path.last.map { nodes[Int($0)] }
                let pending = expected.last ?? 0
                let continues = pending > 0 && byte & 0xC0 == 0x80
                path.append(Int32(nodes.count))
                expected.append(continues ? pending - 1 : CharacterKinds.continuationCount(after: byte))
                var characters = CharacterKinds(byte)
                // A character that is cut, or in a form that UTF-8 does not have, is not told apart from others.
                if byte & 0xC0 == 0x80, !continues || !CharacterKinds.isCertain(parent?.byte ?? 0) {
                    characters.insert(.other)
                }
                if pending > 0, !continues { characters.insert(.other) }
                if byte >= 0xC0, expected.last == 0 { characters.insert(.other) }
                nodes.append(
                    Node(
                        byte: byte,
                        scalars: (parent?.scalars ?? 0) &+ (continues ? 0 : 1),
                        depth: UInt16(clamping: path.count),
                        firstToken: Int32(tokens.count),
                        end: 0,
                        characters: characters
                    )
                )
            }
            if let node = path.last {
                if expected.last ?? 0 > 0 { nodes[Int(node)].characters.insert(.other) }
                tokenScalars.append(nodes[Int(node)].scalars)
            }
            tokens.append(entry.token)
            maximumDepth = max(maximumDepth, path.count)
            previous = entry
        }
        while let node = path.popLast() { nodes[Int(node)].end = Int32(nodes.count) }
        nodes.append(
            Node(
                byte: 0,
                scalars: 0,
                depth: 0,
                firstToken: Int32(tokens.count),
                end: Int32(nodes.count + 1),
                characters: []
            )
        )
        gatherCharacters()
    }

    /// A token and where its text lies.
    struct Entry {
        var start: Int
        var length: Int
        var token: Int32
    }

    /// Makes a tree of a few texts.
    init(_ entries: [(text: [UInt8], token: Int32)]) {
        let sorted = entries.sorted { $0.text.lexicographicallyPrecedes($1.text) }
        var pool: [UInt8] = []
        var places: [Entry] = []
        for (text, token) in sorted {
            places.append(Entry(start: pool.count, length: text.count, token: token))
            pool += text
        }
        self = pool.withUnsafeBufferPointer { TokenTrie(sorted: places, in: $0) }
    }

    /// Adds to every node what its subtree holds, from the leaves up.
    private mutating func gatherCharacters() {
        for index in stride(from: count - 1, through: 0, by: -1) {
            var child = index + 1
            while child < Int(nodes[index].end) {
                nodes[index].characters.formUnion(nodes[child].characters)
                child = Int(nodes[child].end)
            }
        }
    }

    /// The tokens that end at a node. The first of them is in the order of a walk, so a subtree's are one range.
    @inline(__always)
    func tokenRange(_ node: Int) -> Range<Int> { Int(nodes[node].firstToken)..<Int(nodes[node + 1].firstToken) }

    /// The tokens that end within a node's subtree, itself included.
    func tokensBelow(_ node: Int) -> Range<Int> {
        Int(nodes[node].firstToken)..<Int(nodes[Int(nodes[node].end)].firstToken)
    }

    /// The child of a node over a byte; of the root, where the node is nil.
    func child(of node: Int?, over byte: UInt8) -> Int? {
        child(in: node.map { $0 + 1..<Int(nodes[$0].end) } ?? 0..<count, over: byte)
    }

    /// The first node over a byte of subtrees side by side.
    func child(in subtrees: Range<Int>, over byte: UInt8) -> Int? {
        var child = subtrees.lowerBound
        while child < subtrees.upperBound {
            if nodes[child].byte == byte { return child }
            child = Int(nodes[child].end)
        }
        return nil
    }
}
