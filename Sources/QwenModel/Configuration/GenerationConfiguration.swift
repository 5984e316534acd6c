/// How a model's authors suggest to generate: the contents of `generation_config.json`, checked.
///
/// What the file does not say is nil.
public struct GenerationConfiguration: Sendable, Hashable {
    /// Whether to sample at all; where false or absent, transformers takes the likeliest token.
    public let doSample: Bool?
    /// What logits are divided by; at least 0.
    public let temperature: Double?
    /// The number of likeliest tokens to choose among; 0 for all.
    public let topK: Int?
    /// The total probability of the likeliest tokens to choose among; above 0, at most 1.
    public let topP: Double?
    /// The least probability of a token to choose, relative to the likeliest; 0…1.
    public let minP: Double?
    /// What the logits of tokens seen before are divided (or, where negative, multiplied) by; 0.01…100.
    public let repetitionPenalty: Double?
    /// The greatest number of tokens to generate.
    public let maxNewTokens: Int?
    /// The tokens that end an answer; may be empty.
    public let eosTokenIDs: [Int]
    /// The token that begins a text.
    public let bosTokenID: Int?
    /// The token that fills up batches.
    public let padTokenID: Int?

    /// Reads the contents of a `generation_config.json`.
    ///
    /// - Parameters:
    ///   - bytes: the file's bytes.
    ///   - vocabularySize: the size of the model's vocabulary, below which every token id must be.
    /// - Throws: ``ConfigurationError``, which names the key and the value.
    public init(parsing bytes: UnsafeRawBufferPointer, vocabularySize: Int) throws(ConfigurationError) {
        let fields = try ConfigurationFields(parsing: bytes)
        doSample = try fields.flag("do_sample")
        temperature = try fields.real("temperature", in: 0...1000)
        topK = try fields.integer("top_k", in: 0...Int(Int32.max))
        topP = try fields.real("top_p", in: 0...1)
        if topP == 0 { throw fields.invalid("top_p", "it must be above 0") }
        minP = try fields.real("min_p", in: 0...1)
        repetitionPenalty = try fields.real("repetition_penalty", in: 0.01...100)
        maxNewTokens = try fields.integer("max_new_tokens", in: 1...Int(Int32.max))
        eosTokenIDs = try fields.tokenIDs("eos_token_id", vocabularySize: vocabularySize)
        bosTokenID = try fields.tokenIDs("bos_token_id", vocabularySize: vocabularySize).first
        padTokenID = try fields.tokenIDs("pad_token_id", vocabularySize: vocabularySize).first
    }
}
