public import QwenTokenizer
internal import Synchronization

/// A tokenizer's vocabulary, arranged so that a constraint finds the tokens that it allows.
///
/// It is made once for a tokenizer and shared by all constraints; making it takes some tens of milliseconds.
public final class TokenVocabulary: Sendable {
    /// The tokenizer.
    public let tokenizer: Tokenizer
    let trie: TokenTrie
    /// One more than the largest id.
    let size: Int
    /// What the tokens make of any text within a JSON string.
    private let anyString = Mutex<StringSlice?>(nil)

    /// Qwen's vocabulary.
    public static let qwen = TokenVocabulary(.qwen)

    /// Arranges a vocabulary. Added tokens such as `<|im_end|>` are left out: no constraint allows them.
    ///
    /// - Parameter tokenizer: whose tokens a model generates.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        size = tokenizer.vocabularySize
        let added = Set(tokenizer.addedTokens.map(\.id))
        var texts: [[UInt8]] = []
        // The first eight bytes decide almost every comparison.
        var keys: [(prefix: UInt64, id: Int32)] = []
        texts.reserveCapacity(size)
        keys.reserveCapacity(size)
        for id in 0..<size {
            guard !added.contains(id), let text = try? tokenizer.bytes(of: id) else {
                texts.append([])
                continue
            }
            var prefix: UInt64 = 0
            for index in 0..<8 { prefix = prefix << 8 | (index < text.count ? UInt64(text[index]) : 0) }
            keys.append((prefix, Int32(id)))
            texts.append(text)
        }
        keys.sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            return texts[Int(left.id)].lexicographicallyPrecedes(texts[Int(right.id)])
        }
        trie = TokenTrie(sorted: keys.map { (texts[Int($0.id)][...], $0.id) })
    }

    /// What the tokens make of any text within a JSON string, worked out once.
    func sliceOfAnyString() -> StringSlice? {
        anyString.withLock { slice in
            if let slice { return slice }
            guard let automaton = ByteAutomaton.anyString else { return nil }
            let made = StringSlice(automaton, state: 0, vocabulary: self)
            slice = made
            return made
        }
    }
}
