extension Tokenizer {
    /// What becomes of an added token's text, such as `<|im_end|>`, within a text.
    public enum AddedTokenHandling: Sendable {
        /// It becomes the added token, as in Hugging Face's `tokenizers`. For text that the program itself wrote.
        case recognized
        /// It is text like any other. For text from outside, which must never become a control token.
        case disabled
    }

    /// The ids of a text.
    ///
    /// No token is added around the text.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - addedTokens: what becomes of an added token's text. Use `.disabled` for text that comes from outside.
    /// - Returns: the ids, in order; empty for an empty text.
    /// - Complexity: O(*n*) for text as people write it and O(*n* log *n*) for any, where *n* is its length in UTF-8.
    public func encode(_ text: String, addedTokens: AddedTokenHandling = .recognized) -> [Int] {
        withEncoding(of: text, addedTokens) { $0.array() }
    }

    /// The ids of a text in UTF-8.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8; what is ill-formed is read as U+FFFD, as `String(decoding:as:)` does.
    ///   - addedTokens: what becomes of an added token's text. Use `.disabled` for text that comes from outside.
    /// - Returns: the ids, in order; empty for an empty text.
    /// - Complexity: as for ``encode(_:addedTokens:)``.
    public func encode(utf8 bytes: some Collection<UInt8>, addedTokens: AddedTokenHandling = .recognized) -> [Int] {
        encode(String(decoding: bytes, as: UTF8.self), addedTokens: addedTokens)
    }

    /// The number of ids of a text.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - addedTokens: what becomes of an added token's text.
    /// - Returns: the count of ``encode(_:addedTokens:)``'s result.
    /// - Complexity: as for ``encode(_:addedTokens:)``.
    public func count(_ text: String, addedTokens: AddedTokenHandling = .recognized) -> Int {
        withEncoding(of: text, addedTokens) { $0.count }
    }

    private func withEncoding<Result>(
        of text: String,
        _ handling: AddedTokenHandling,
        _ body: (borrowing TokenBuffer) -> Result
    ) -> Result {
        var text = text
        return text.withUTF8 { utf8 in
            vocabulary.withEncoding(of: utf8, scaffold: handling == .recognized ? [0..<utf8.count] : [], body)
        }
    }
}
