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

        let singleBytes = data[16..<272]
        let pairs = stride(from: 272, to: mergesEnd, by: 6).map { at in
            (left: UInt32(number(data, at: at, bytes: 3)), right: UInt32(number(data, at: at + 3, bytes: 3)))
        }
        guard var tokens = TokenBytes(singleBytes: singleBytes, pairs: pairs) else { return nil }
        var byteIDs = Array(repeating: MergeRules.none, count: 256)
        for (id, byte) in singleBytes.enumerated() { byteIDs[Int(byte)] = UInt32(id) }
        var rules = MergeRules(byteIDs: byteIDs, capacity: mergeCount)
        for (merge, pair) in pairs.enumerated() {
            guard rules.append(left: Int(pair.left), right: Int(pair.right), result: 256 + merge) else { return nil }
        }
        rules.finish()

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
        return Vocabulary(
            tokens: tokens,
            rules: rules,
            characters: WholeCharacters(tokens: tokens, rules: rules),
            words: words,
            addedTokens: addedTokens,
            normalizes: true
        )
    }

    @inline(__always)
    private static func number(_ data: UnsafeBufferPointer<UInt8>, at offset: Int, bytes: Int) -> Int {
        var number = 0
        for position in 0..<bytes { number |= Int(data[offset + position]) << (8 * position) }
        return number
    }
}
