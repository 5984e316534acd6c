/// How the next token is chosen from the logits.
///
/// The steps, in this order:
///
/// 1. ``logitBias`` is added;
/// 2. ``repetitionPenalty``, over the tokens of prompt and answer; then ``frequencyPenalty`` and ``presencePenalty``,
///    over the tokens of the answer only (as vLLM and OpenAI's API do);
/// 3. with temperature 0 the greatest logit wins, the first of equals; otherwise the logits are divided by
///    ``temperature``;
/// 4. ``topK``, then ``topP`` among what that leaves, then ``minP`` (the order of transformers);
/// 5. one token is drawn, by one number of the generator.
public struct SamplingParameters: Sendable, Hashable {
    /// What the logits are divided by: 0…1000; 0 takes the likeliest token. 1 leaves the model's distribution as it is.
    public var temperature = 1.0
    /// Only this many of the likeliest tokens are left, and any as likely as the last of them; 0 for no limit.
    public var topK = 0
    /// Only the likeliest tokens are left whose probabilities add up to at least this: above 0, at most 1.
    public var topP = 1.0
    /// Only tokens are left that are at least this many times as likely as the likeliest: 0…1.
    public var minP = 0.0
    /// The positive logits of tokens seen before, in prompt or answer, are divided by this and the negative ones
    /// multiplied: 0.01…100; 1 for no penalty.
    public var repetitionPenalty = 1.0
    /// What is taken from the logit of every token that the answer has already: −100…100; 0 for no penalty.
    public var presencePenalty = 0.0
    /// What is taken from a token's logit for every time that the answer has it: −100…100; 0 for no penalty.
    public var frequencyPenalty = 0.0
    /// What is added to the logits of some tokens, by id. Negative infinity excludes a token.
    public var logitBias: [Int: Float] = [:]
    /// Where the generator of random numbers starts; nil for somewhere else each time.
    public var seed: UInt64?
    /// The number of likeliest tokens to report at every step with their log-probabilities, beside the chosen token's:
    /// 0…1024; nil to report none at all, not even the chosen token's.
    ///
    /// Log-probabilities are the model's own: of the logits as the sampler gets them, before all the steps above.
    public var logProbabilityCount: Int?

    /// Creates parameters that leave the model's distribution as it is.
    public init() {}

    /// Always the likeliest token.
    public static let greedy = {
        var parameters = SamplingParameters()
        parameters.temperature = 0
        return parameters
    }()

    /// Creates parameters as a model's authors suggest; without `do_sample`, the likeliest token is taken, as in
    /// transformers.
    ///
    /// - Parameter suggested: the contents of `generation_config.json`.
    public init(_ suggested: GenerationConfiguration) {
        temperature = suggested.doSample == true ? suggested.temperature ?? 1 : 0
        topK = suggested.topK ?? 0
        topP = suggested.topP ?? 1
        minP = suggested.minP ?? 0
        repetitionPenalty = suggested.repetitionPenalty ?? 1
    }

    /// Checks every parameter.
    ///
    /// - Parameter vocabularySize: the number of logits.
    /// - Throws: ``SamplingError``, which names the parameter and its value.
    public func validate(vocabularySize: Int) throws(SamplingError) {
        guard (1...ModelConfiguration.Limits.vocabularySize).contains(vocabularySize) else {
            throw .invalid(parameter: "vocabularySize", value: Double(vocabularySize), reason: "impossible")
        }
        try Self.check("temperature", temperature, 0...1000)
        try Self.check("topK", Double(topK), 0...Double(Int32.max))
        try Self.check("topP", topP, 0.0.nextUp...1)
        try Self.check("minP", minP, 0...1)
        try Self.check("repetitionPenalty", repetitionPenalty, 0.01...100)
        try Self.check("presencePenalty", presencePenalty, -100...100)
        try Self.check("frequencyPenalty", frequencyPenalty, -100...100)
        if let logProbabilityCount {
            try Self.check("logProbabilityCount", Double(logProbabilityCount), 0...1024)
        }
        for (token, bias) in logitBias {
            guard (0..<vocabularySize).contains(token) else {
                throw .tokenOutOfVocabulary(token: token, vocabularySize: vocabularySize)
            }
            guard bias < .infinity else {
                throw .invalid(parameter: "logitBias", value: Double(bias), reason: "it must be below infinity")
            }
        }
    }

    private static func check(
        _ parameter: String,
        _ value: Double,
        _ range: ClosedRange<Double>
    ) throws(SamplingError) {
        guard range.contains(value) else {
            throw .invalid(
                parameter: parameter,
                value: value,
                reason: "it must lie within \(range.lowerBound)…\(range.upperBound)"
            )
        }
    }
}
