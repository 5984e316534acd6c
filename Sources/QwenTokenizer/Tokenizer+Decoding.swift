extension Tokenizer {
    /// The text of token ids.
    ///
    /// Bytes that are not UTF-8, as an incomplete character at the end, are read as U+FFFD, one for each maximal part of
    /// a sequence, as in Python's `errors="replace"`.
    ///
    /// - Parameters:
    ///   - ids: ids of this vocabulary.
    ///   - skipSpecialTokens: whether added tokens that are special are left out.
    /// - Returns: the text.
    /// - Throws: ``TokenizerError/unknownID(_:vocabularySize:)``
    /// - Complexity: O(length of the text)
    public func decode(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) throws(TokenizerError) -> String {
        String(decoding: try decodeBytes(ids, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
    }

    /// The bytes of token ids, as they are.
    ///
    /// - Parameters:
    ///   - ids: ids of this vocabulary.
    ///   - skipSpecialTokens: whether added tokens that are special are left out.
    /// - Returns: the bytes of every token, joined.
    /// - Throws: ``TokenizerError/unknownID(_:vocabularySize:)``
    /// - Complexity: O(number of bytes)
    public func decodeBytes(
        _ ids: some Sequence<Int>,
        skipSpecialTokens: Bool = false
    ) throws(TokenizerError) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids {
            let token = try vocabulary.bytes(of: id)
            if skipSpecialTokens, vocabulary.addedToken(id)?.isSpecial == true { continue }
            bytes.append(contentsOf: token)
        }
        return bytes
    }
}
