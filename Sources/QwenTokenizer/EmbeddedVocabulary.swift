internal import CQwenVocabulary

/// Reads the vocabulary that is embedded in the binary; make_vocabulary.py tells its layout.
enum EmbeddedVocabulary {
    /// Qwen's vocabulary.
    static func load() -> Vocabulary {
        let bytes = UnsafeBufferPointer(start: qwen_vocabulary_bytes(), count: qwen_vocabulary_byte_count())
        guard let vocabulary = read(bytes) else {
            preconditionFailure("qwen.bpe, which is part of the program, is damaged")
        }
        return vocabulary
    }

    /// Nil where the data is damaged.
    private static func read(_ data: UnsafeBufferPointer<UInt8>) -> Vocabulary? {
        guard data.count > 272, data.prefix(8).elementsEqual("QWENBPE1".utf8) else { return nil }
        let mergeCount = number(data, at: 8, bytes: 4)
        let addedCount = number(data, at: 12, bytes: 4)
        let mergesEnd = 272 + mergeCount * 6
        guard mergesEnd <= data.count else { return nil }

        var tokens = TokenBytes()
        tokens.reserve(tokens: 256 + mergeCount + addedCount, bytes: data.count * 5 / 4)
        var byteIDs = Array(repeating: MergeRules.none, count: 256)
        for id in 0..<256 {
            tokens.append(CollectionOfOne(data[16 + id]))
            byteIDs[Int(data[16 + id])] = UInt32(id)
        }
        var rules = MergeRules(byteIDs: byteIDs, capacity: mergeCount)
        for (merge, at) in stride(from: 272, to: mergesEnd, by: 6).enumerated() {
            let left = number(data, at: at, bytes: 3)
            let right = number(data, at: at + 3, bytes: 3)
            guard left < tokens.count, right < tokens.count else { return nil }
            guard rules.append(left: left, right: right, result: 256 + merge) else { return nil }
            tokens.append(joining: left, right)
        }

        // make_vocabulary.py has shown that the bytes of every token merge into that token.
        var words = WordTable(capacity: tokens.count)
        let hasDuplicate = tokens.withView { view in
            (0..<tokens.count).contains { words.insert(UInt32(truncatingIfNeeded: $0), tokens: view) != nil }
        }
        if hasDuplicate { return nil }

        var addedTokens: [AddedToken] = []
        var at = mergesEnd
        for _ in 0..<addedCount {
            guard at + 2 <= data.count, case let end = at + 2 + Int(data[at + 1]), end <= data.count else { return nil }
            let content = data[(at + 2)..<end]
            addedTokens.append(
                AddedToken(
                    id: tokens.count,
                    content: String(decoding: content, as: UTF8.self),
                    isSpecial: data[at] & 1 == 1
                )
            )
            tokens.append(content)
            at = end
        }
        guard at == data.count else { return nil }
        return Vocabulary(tokens: tokens, rules: rules, words: words, addedTokens: addedTokens, normalizes: true)
    }

    private static func number(_ data: UnsafeBufferPointer<UInt8>, at offset: Int, bytes: Int) -> Int {
        (0..<bytes).reduce(0) { $0 | Int(data[offset + $1]) << (8 * $1) }
    }
}
