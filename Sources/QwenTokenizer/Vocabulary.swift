/// Everything that a tokenizer knows, made once and never changed.
final class Vocabulary: Sendable {
    /// The bytes of every id: a text token's own, an added token's text in UTF-8.
    let tokens: TokenBytes
    /// Which byte pairs merge.
    let rules: MergeRules
    /// Which characters are merged from the start.
    let characters: WholeCharacters
    /// The tokens that a word becomes at once, without merging.
    let words: WordTable
    /// Whether text is brought to NFC first.
    let normalizes: Bool
    /// How text is cut into words.
    let wordRules: PreTokenizer.Rules

    /// The added tokens, by id.
    let addedTokens: [AddedToken]
    /// Finds the added tokens that are sought before normalisation.
    let rawMatcher: AddedTokenMatcher
    /// Finds the added tokens that are sought after normalisation.
    let normalizedMatcher: AddedTokenMatcher
    private let addedByContent: [[UInt8]: Int]
    private let addedByID: [Int: Int]

    init(
        tokens: TokenBytes,
        rules: MergeRules,
        characters: WholeCharacters,
        words: WordTable,
        addedTokens: [AddedToken],
        normalizes: Bool,
        wordRules: PreTokenizer.Rules = .qwen
    ) {
        self.wordRules = wordRules
        self.tokens = tokens
        self.rules = rules
        self.characters = characters
        self.words = words
        self.normalizes = normalizes
        self.addedTokens = addedTokens.sorted { $0.id < $1.id }

        var rawMatcher = AddedTokenMatcher()
        var normalizedMatcher = AddedTokenMatcher()
        var addedByContent: [[UInt8]: Int] = [:]
        var addedByID: [Int: Int] = [:]
        for (position, token) in self.addedTokens.enumerated() {
            let content = Array(token.content.utf8)
            let id = UInt32(truncatingIfNeeded: token.id)
            if token.isNormalized {
                let normalized = normalizes ? Self.normalized(content) : content
                normalizedMatcher.insert(normalized, id: id)
            } else {
                rawMatcher.insert(content, id: id)
            }
            addedByContent[content] = position
            addedByID[token.id] = position
        }
        self.rawMatcher = rawMatcher
        self.normalizedMatcher = normalizedMatcher
        self.addedByContent = addedByContent
        self.addedByID = addedByID
    }

    private static func normalized(_ bytes: [UInt8]) -> [UInt8] {
        var composition = CanonicalComposition(tables: UnicodeTables())
        return bytes.withUnsafeBufferPointer { composition.normalize($0)?.bytes } ?? bytes
    }

    /// The added token with this text, compared byte by byte.
    func addedToken(_ content: String) -> AddedToken? {
        addedByContent[Array(content.utf8)].map { addedTokens[$0] }
    }

    /// The added token with this id.
    func addedToken(_ id: Int) -> AddedToken? { addedByID[id].map { addedTokens[$0] } }

    /// The bytes of a token.
    ///
    /// - Throws: ``TokenizerError/unknownID(_:vocabularySize:)``
    func bytes(of id: Int) throws(TokenizerError) -> ArraySlice<UInt8> {
        guard id >= 0, id < tokens.count, case let bytes = tokens[id], !bytes.isEmpty else {
            throw .unknownID(id, vocabularySize: tokens.count)
        }
        return bytes
    }
}
