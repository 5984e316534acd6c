/// What the tokens do from one state within a string, whatever stands around the string: which of them stay inside, and
/// which leave it, with what follows the quote.
final class StringSlice: Sendable {
    /// The tokens that stay within the string, by how many code points they begin and the string needs behind them; each
    /// set holds the ones before it.
    private let inside: [TokenMask]
    /// Those for which it is more than ``countLimit``.
    private let longInside: [(count: Int, token: Int32)]
    /// The nodes at which tokens end the string, and the code points before the quote.
    let exits: [Exit]

    struct Exit {
        var node: Int
        var count: Int
        /// Where the string stood before the quote.
        var state: Int32
    }

    /// Up to how many code points are told apart for all tokens at once.
    static let countLimit = 32

    /// - Parameters:
    ///   - states: the string's automaton.
    ///   - state: where the string stands.
    ///   - vocabulary: the tokens.
    ///   - countsScalars: whether code points matter; else all are in the first set.
    init(_ states: StringStates, state: Int32, vocabulary: TokenVocabulary, countsScalars: Bool) {
        let limit = countsScalars ? Self.countLimit : 0
        let trie = vocabulary.trie
        let wordCount = TokenMask.wordCount(for: vocabulary.size)
        var words = [UInt64](repeating: 0, count: wordCount * (limit + 1))
        var longInside: [(count: Int, token: Int32)] = []
        var exits: [Exit] = []
        var most = 0
        words.withUnsafeMutableBufferPointer { words in
            trie.walkString(0..<trie.count, from: state, states) { range, offset in
                for index in range {
                    let token = trie.tokens[index]
                    let count = countsScalars ? offset + Int(trie.tokenScalars[index]) : 0
                    if count > limit {
                        longInside.append((count, token))
                    } else {
                        words[count * wordCount + Int(token) >> 6] |= 1 << UInt64(token & 63)
                        most = max(most, count)
                    }
                }
            } exit: { node, count, state in
                exits.append(Exit(node: node, count: count, state: state))
            }
            for index in wordCount..<wordCount * (most + 1) where most > 0 {
                words[index] |= words[index - wordCount]
            }
        }
        inside = (0...most).map {
            TokenMask(words: Array(words[$0 * wordCount..<($0 + 1) * wordCount]))
        }
        self.longInside = longInside
        self.exits = exits
    }

    /// The tokens that stay within the string and need no more than some code points.
    func inside(atMost most: Int) -> TokenMask {
        guard most >= 0 else { return TokenMask(words: inside[0].words.map { _ in 0 }) }
        var mask = inside[min(most, inside.count - 1)]
        for (count, token) in longInside where count <= most { mask.insert(token) }
        return mask
    }
}

/// What the tokens do within a string that may be any: most strings are such, and it is worked out once for a vocabulary.
final class AnyStringSlice: Sendable {
    /// The tokens that stay within the string.
    let slice: StringSlice
    /// The tokens that end the string, as a tree of what follows them from the quote on, for each number of code points
    /// before it; more than ``StringSlice/countLimit`` are counted as that many.
    let exits: [TokenTrie]
    /// The same for all numbers.
    let allExits: TokenTrie

    init(_ automaton: ByteAutomaton, vocabulary: TokenVocabulary) {
        slice = StringSlice(
            StringStates(automaton),
            state: 0,
            vocabulary: vocabulary,
            countsScalars: true
        )
        var entries: [[(text: [UInt8], token: Int32)]] = []
        for exit in slice.exits {
            let count = min(exit.count, StringSlice.countLimit)
            while entries.count <= count { entries.append([]) }
            Self.collect(vocabulary.trie, below: exit.node, into: &entries[count])
        }
        exits = entries.map { TokenTrie($0) }
        allExits = TokenTrie(entries.flatMap(\.self))
    }

    /// Adds the tokens of a subtree, by their bytes from its root on: the quote is the first.
    private static func collect(
        _ trie: TokenTrie,
        below root: Int,
        into entries: inout [(text: [UInt8], token: Int32)]
    ) {
        let depth = Int(trie.nodes[root].depth)
        var text: [UInt8] = []
        for node in root..<Int(trie.nodes[root].end) {
            text.removeSubrange((Int(trie.nodes[node].depth) - depth)...)
            text.append(trie.nodes[node].byte)
            for index in trie.tokenRange(node) { entries.append((text, trie.tokens[index])) }
        }
    }
}
