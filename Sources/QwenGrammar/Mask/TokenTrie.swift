/// Tokens by their bytes, as a tree laid out in the order of a walk: a node's children follow it, and behind them comes
/// what follows its whole subtree. A walk that leaves a subtree out is one jump.
struct TokenTrie: Sendable {
    /// The byte that leads to each node.
    private(set) var bytes: [UInt8] = []
    /// How many bytes lead to each node, from 1.
    private(set) var depths: [UInt16] = []
    /// The node behind each node's subtree.
    private(set) var ends: [Int32] = []
    /// Where the tokens that end at each node lie in `tokens`, and behind the last node, their number.
    private(set) var tokenStarts: [Int32] = []
    private(set) var tokens: [Int32] = []
    private(set) var maximumDepth = 0

    var count: Int { bytes.count }

    /// - Parameter entries: texts, none empty, and their tokens, sorted by bytes; a text may occur more than once.
    /// - Complexity: O(number of bytes)
    init(sorted entries: [(text: ArraySlice<UInt8>, token: Int32)]) {
        var path: [Int] = []
        var previous: ArraySlice<UInt8> = []
        for (text, token) in entries {
            var shared = 0
            let limit = min(text.count, previous.count)
            while shared < limit, text[text.startIndex + shared] == previous[previous.startIndex + shared] {
                shared += 1
            }
            if shared == text.count, shared == previous.count, !tokens.isEmpty {
                tokens.append(token)
                continue
            }
            while path.count > shared { ends[path.removeLast()] = Int32(bytes.count) }
            for byte in text[(text.startIndex + shared)...] {
                path.append(bytes.count)
                bytes.append(byte)
                depths.append(UInt16(clamping: path.count))
                ends.append(0)
                tokenStarts.append(Int32(tokens.count))
            }
            tokens.append(token)
            maximumDepth = max(maximumDepth, path.count)
            previous = text
        }
        while let node = path.popLast() { ends[node] = Int32(bytes.count) }
        tokenStarts.append(Int32(tokens.count))
    }

    /// The tokens that end at a node. The first of them is in the order of a walk, so a subtree's are one range.
    @inline(__always)
    func tokenRange(_ node: Int) -> Range<Int> { Int(tokenStarts[node])..<Int(tokenStarts[node + 1]) }

    /// The tokens that end within a node's subtree, itself included.
    func tokensBelow(_ node: Int) -> Range<Int> { Int(tokenStarts[node])..<Int(tokenStarts[Int(ends[node])]) }

    /// The child of a node over a byte; of the root, where the node is nil.
    func child(of node: Int?, over byte: UInt8) -> Int? {
        var child = node.map { $0 + 1 } ?? 0
        let end = node.map { Int(ends[$0]) } ?? count
        while child < end {
            if bytes[child] == byte { return child }
            child = Int(ends[child])
        }
        return nil
    }
}
