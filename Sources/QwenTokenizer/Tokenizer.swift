#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Turns text into token ids and back: byte-level byte-pair encoding as Qwen2 and Qwen3 use it.
///
/// The ids are those of Hugging Face's `tokenizers` without special tokens added around the text. The text is brought to
/// Unicode's normalization form C, cut into words, and the bytes of each word are merged by the vocabulary's rules.
///
/// ```swift
/// let ids = Tokenizer.qwen.encode("Hello, world!")   // [9707, 11, 1879, 0]
/// let text = try Tokenizer.qwen.decode(ids)
/// ```
///
/// A tokenizer is a reference to tables that never change: copying it is free, and any number of tasks may use it.
public struct Tokenizer: Sendable {
    let vocabulary: Vocabulary

    /// The tokenizer of Qwen2, Qwen2.5 and Qwen3, whose vocabulary of 151,669 tokens is part of the program.
    ///
    /// The tables are built at the first use, in some ten milliseconds, and take 9 MB.
    public static let qwen = Tokenizer(vocabulary: EmbeddedVocabulary.load())

    init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// Reads a checkpoint's `tokenizer.json`.
    ///
    /// - Parameter url: the file.
    /// - Throws: ``TokenizerError`` where the file cannot be read, is malformed, or asks for something other than
    ///   byte-level byte pairs behind Qwen's pre-tokenisation pattern.
    public init(contentsOf url: URL) throws(TokenizerError) {
        try self.init(tokenizerJSON: TokenizerFile.bytes(ofFileAt: url.path))
    }

    /// Reads the contents of a `tokenizer.json`.
    ///
    /// The post-processor is not looked at: no token is ever added around a text.
    ///
    /// - Parameter bytes: the JSON text.
    /// - Throws: ``TokenizerError`` where the text is malformed, or asks for something other than byte-level byte pairs
    ///   behind Qwen's pre-tokenisation pattern.
    public init(tokenizerJSON bytes: [UInt8]) throws(TokenizerError) {
        vocabulary = try TokenizerFile(bytes).vocabulary()
    }

    /// Makes a tokenizer of a vocabulary's parts, as files other than `tokenizer.json` hold them.
    ///
    /// - Parameters:
    ///   - tokens: the tokens that byte pairs make, with their ids, in the byte-level alphabet of GPT-2.
    ///   - addedTokens: the tokens beside them.
    ///   - merges: pairs of tokens by rank, each with a space between the two.
    ///   - preTokenizer: how text is cut into words.
    /// - Throws: ``TokenizerError`` for an id or a token that stands twice, or a merge of a missing token.
    public init(
        tokens: [(token: String, id: Int)],
        addedTokens: [AddedToken],
        merges: [String],
        preTokenizer: PreTokenizerKind
    ) throws(TokenizerError) {
        var pairs: [(left: String, right: String)] = []
        pairs.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() { pairs.append(try TokenizerFile.pair(merge, rank: rank)) }
        vocabulary = try VocabularyBuilder(textTokens: tokens, addedTokens: addedTokens, alphabet: ByteLevelAlphabet())
            .build(
                merges: pairs,
                ignoresMerges: false,
                // Qwen's text is normalised, SmolLM's is not.
                normalizes: preTokenizer == .qwen2,
                wordRules: preTokenizer == .qwen2 ? .qwen : .smolLM
            )
    }

    /// One more than the largest id, which is the number of tokens where no id is left out.
    ///
    /// A model's logits may be longer: Qwen pads them to a round number.
    public var vocabularySize: Int { vocabulary.tokens.count }

    /// The bytes that no token stands for; encoding leaves them out of the text, as the reference does.
    ///
    /// None in Qwen's vocabulary. Some vocabularies lack control characters, or bytes that UTF-8 never has.
    public var missingBytes: [UInt8] { vocabulary.rules.missingBytes }

    /// The tokens that stand beside the vocabulary's byte pairs, by id.
    public var addedTokens: [AddedToken] { vocabulary.addedTokens }

    /// The id of an added token.
    ///
    /// - Parameter content: the token's whole text, such as `<|im_end|>`; compared byte by byte.
    /// - Returns: the id, or nil where there is no such added token.
    public func id(of content: String) -> Int? { vocabulary.addedToken(content)?.id }

    /// The bytes that a token stands for, which need not be whole characters.
    ///
    /// - Parameter id: a token's id.
    /// - Returns: at least one byte; an added token's text in UTF-8.
    /// - Throws: ``TokenizerError/unknownID(_:vocabularySize:)``
    public func bytes(of id: Int) throws(TokenizerError) -> [UInt8] { Array(try vocabulary.bytes(of: id)) }

    /// Lends the bytes of all tokens, one after the other, to what goes through the whole vocabulary.
    ///
    /// - Parameter body: takes where each id's bytes begin, the end of the last behind them, and the bytes.
    /// - Returns: what it returns.
    package func withTokenBytes<Result>(
        _ body: (_ starts: UnsafeBufferPointer<UInt32>, _ bytes: UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        vocabulary.tokens.withBuffers(body)
    }
}
