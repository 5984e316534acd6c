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
    private let anyString = Mutex<AnyStringSlice?>(nil)

    /// Qwen's vocabulary.
    public static let qwen = TokenVocabulary(.qwen)

    /// Arranges a vocabulary. Added tokens such as `<|im_end|>` are left out: no constraint allows them.
    ///
    /// - Parameter tokenizer: whose tokens a model generates.
    /// - Complexity: O(number of the tokens' bytes)
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        size = tokenizer.vocabularySize
        let added = Set(tokenizer.addedTokens.map(\.id))
        trie = tokenizer.withTokenBytes { starts, pool in
            var keys: [SortKey] = []
            keys.reserveCapacity(starts.count)
            for id in 0..<starts.count - 1 where starts[id + 1] > starts[id] && !added.contains(id) {
                let start = Int(starts[id])
                let length = Int(starts[id + 1]) - start
                var prefix: UInt64 = 0
                for index in 0..<min(length, 8) {
                    prefix |= UInt64(pool[start + index]) << UInt64(56 - 8 * index)
                }
                keys.append(SortKey(prefix: prefix, id: Int32(id)))
            }
            Self.sort(&keys)
            var entries = keys.map { key in
                let start = Int(starts[Int(key.id)])
                return TokenTrie.Entry(
                    start: start,
                    length: Int(starts[Int(key.id) + 1]) - start,
                    token: key.id
                )
            }
            // The first eight bytes decide almost every comparison; where they are alike, the rest does.
            var first = 0
            while first < keys.count {
                var end = first + 1
                while end < keys.count, keys[end].prefix == keys[first].prefix { end += 1 }
                if end - first > 1 {
                    entries[first..<end].sort {
                        pool[$0.start..<$0.start + $0.length].lexicographicallyPrecedes(
                            pool[$1.start..<$1.start + $1.length]
                        )
                    }
                }
                first = end
            }
            return TokenTrie(sorted: entries, in: pool)
        }
    }

    private struct SortKey {
        var prefix: UInt64
        var id: Int32
    }

    /// Sorts by the prefixes, a byte at a time from the last to the first.
    private static func sort(_ keys: inout [SortKey]) {
        var other = keys
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            var places = [Int](repeating: 0, count: 257)
            for key in keys { places[Int(key.prefix >> shift & 0xFF) + 1] += 1 }
            for byte in 1...256 { places[byte] += places[byte - 1] }
            other.withUnsafeMutableBufferPointer { other in
                places.withUnsafeMutableBufferPointer { places in
                    for key in keys {
                        let byte = Int(key.prefix >> shift & 0xFF)
                        other[places[byte]] = key
                        places[byte] += 1
                    }
                }
            }
            swap(&keys, &other)
        }
    }

    /// What the tokens make of any text within a JSON string, worked out once.
    func sliceOfAnyString() -> AnyStringSlice? {
        anyString.withLock { slice in
            if let slice { return slice }
            guard let automaton = ByteAutomaton.anyString else { return nil }
            let made = AnyStringSlice(automaton, vocabulary: self)
            slice = made
            return made
        }
    }
}
