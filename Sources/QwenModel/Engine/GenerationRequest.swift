/// What to generate after which tokens.
public struct GenerationRequest: Sendable {
    /// The whole prompt as token ids, each in `0..<vocabularySize`; not empty.
    ///
    /// What the context's cache already holds of its beginning is not computed again.
    public var prompt: [Int]

    /// How the next token is chosen from the logits.
    public var sampling: SamplingParameters

    /// The most tokens to generate, at least 1.
    public var maxTokens: Int

    /// Token ids that end the generation; the one that ends it is reported in the summary and not as a token.
    public var stopTokens: Set<Int>

    /// How to watch the model think and when to make it stop; `nil` for a generation without thinking.
    public var thinking: ThinkingControl?

    /// What the answer is held to; `nil` for a free one.
    public var constraint: (any TokenConstraint)?

    /// How tokens are guessed ahead; `nil` for one token a pass. It changes the speed and never the text.
    public var speculation: Speculation?

    /// Describes a generation.
    ///
    /// - Parameters:
    ///   - prompt: the whole prompt as token ids.
    ///   - sampling: how the next token is chosen.
    ///   - maxTokens: the most tokens to generate.
    ///   - stopTokens: token ids that end the generation.
    ///   - thinking: how to watch the model think and when to make it stop.
    ///   - constraint: what the answer is held to.
    ///   - speculation: how tokens are guessed ahead.
    public init(
        prompt: [Int],
        sampling: SamplingParameters = SamplingParameters(),
        maxTokens: Int,
        stopTokens: Set<Int> = [],
        thinking: ThinkingControl? = nil,
        constraint: (any TokenConstraint)? = nil,
        speculation: Speculation? = .automatic
    ) {
        self.prompt = prompt
        self.sampling = sampling
        self.maxTokens = maxTokens
        self.stopTokens = stopTokens
        self.thinking = thinking
        self.constraint = constraint
        self.speculation = speculation
    }
}
