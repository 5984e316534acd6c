/// What the tokens do from one state within a string, whatever stands around the string: which of them stay inside, and
/// which leave it, with what follows the quote.
final class StringSlice: Sendable {
    /// The tokens that stay within the string, by how many code points they begin; each set holds the ones before it.
    let inside: [TokenMask]
    /// The tokens that end the string, by what follows the quote, for each number of code points before it.
    let exits: [TokenTrie]
    /// The same for all numbers.
    let allExits: TokenTrie

    /// More code points than this in one token are counted as this many.
    static let countLimit = 32

    init(_ automaton: ByteAutomaton, state: Int32, vocabulary: TokenVocabulary, countsScalars: Bool = true) {
        let countLimit = countsScalars ? Self.countLimit : 0
        let trie = vocabulary.trie
        var inside = [TokenMask](repeating: TokenMask(count: vocabulary.size), count: countLimit + 1)
        var exits = [[(text: ArraySlice<UInt8>, token: Int32)]](repeating: [], count: countLimit + 1)
        var states = [Int32](repeating: 0, count: trie.maximumDepth + 1)
        var counts = [Int](repeating: 0, count: trie.maximumDepth + 1)
        states[0] = state
        var node = 0
        var most = 0
        while node < trie.count {
            let depth = Int(trie.depths[node])
            let before = states[depth - 1]
            let next = automaton.step(before, trie.bytes[node])
            guard next >= 0 else {
                if trie.bytes[node] == UInt8(ascii: "\""), automaton.accepts(before) {
                    Self.collect(trie, below: node, into: &exits[counts[depth - 1]])
                    most = max(most, counts[depth - 1])
                }
                node = Int(trie.ends[node])
                continue
            }
            states[depth] = next
            counts[depth] = min(counts[depth - 1] + (automaton.isBetween[Int(before)] ? 1 : 0), countLimit)
            for index in trie.tokenRange(node) {
                inside[counts[depth]].insert(trie.tokens[index])
                most = max(most, counts[depth])
            }
            node += 1
        }
        for count in 1..<inside.count { inside[count].formUnion(inside[count - 1]) }
        self.inside = Array(inside[...most])
        func sorted(_ entries: [(text: ArraySlice<UInt8>, token: Int32)]) -> TokenTrie {
            // A quote with nothing behind it is kept apart: an empty text has no node.
            TokenTrie(sorted: entries.sorted { $0.text.lexicographicallyPrecedes($1.text) })
        }
        self.exits = exits[...most].map(sorted)
        allExits = sorted(exits.flatMap(\.self))
    }

    /// Adds the tokens of a subtree, by their bytes from its root on: the quote is the first.
    private static func collect(
        _ trie: TokenTrie,
        below root: Int,
        into entries: inout [(text: ArraySlice<UInt8>, token: Int32)]
    ) {
        let depth = Int(trie.depths[root])
        var text: [UInt8] = []
        for node in root..<Int(trie.ends[root]) {
            text.removeSubrange((Int(trie.depths[node]) - depth)...)
            text.append(trie.bytes[node])
            for index in trie.tokenRange(node) { entries.append((text[...], trie.tokens[index])) }
        }
    }
}
