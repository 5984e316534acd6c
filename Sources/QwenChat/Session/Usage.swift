/// What a request cost.
public struct Usage: Sendable, Hashable {
    /// Tokens in the prompt: the whole conversation as the template writes it.
    public let promptTokens: Int
    /// Tokens of the prompt that were still in the KV cache, so that nothing had to be computed for them.
    public let cachedTokens: Int
    /// Tokens generated for thinking, the tags included, and the sentence that ended it early.
    public let thinkingTokens: Int
    /// Tokens generated for the answer; the token that ends the turn is not counted.
    public let answerTokens: Int
    /// From the start of the work to the first token.
    public let timeToFirstToken: Duration
    /// Time spent on the part of the prompt that was not cached.
    public let prefillDuration: Duration
    /// Decoding speed after the first token; `nil` where no second one was computed.
    public let tokensPerSecond: Double?
    /// Tokens that were guessed ahead and checked; see `Speculation`.
    public let proposedTokens: Int
    /// Tokens among them that came, each at a fraction of the price of a token.
    public let acceptedTokens: Int

    /// Tokens generated, thinking and answer together.
    public var generatedTokens: Int { thinkingTokens + answerTokens }

    /// Creates a record of what a request cost.
    ///
    /// - Parameters:
    ///   - promptTokens: tokens in the prompt.
    ///   - cachedTokens: tokens of the prompt that were still in the KV cache.
    ///   - thinkingTokens: tokens generated for thinking, the tags included.
    ///   - answerTokens: tokens generated for the answer.
    ///   - timeToFirstToken: from the start of the work to the first token.
    ///   - prefillDuration: time spent on the part of the prompt that was not cached.
    ///   - tokensPerSecond: decoding speed after the first token.
    ///   - proposedTokens: tokens that were guessed ahead and checked.
    ///   - acceptedTokens: tokens among them that came.
    public init(
        promptTokens: Int,
        cachedTokens: Int,
        thinkingTokens: Int,
        answerTokens: Int,
        timeToFirstToken: Duration,
        prefillDuration: Duration,
        tokensPerSecond: Double?,
        proposedTokens: Int = 0,
        acceptedTokens: Int = 0
    ) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.thinkingTokens = thinkingTokens
        self.answerTokens = answerTokens
        self.timeToFirstToken = timeToFirstToken
        self.prefillDuration = prefillDuration
        self.tokensPerSecond = tokensPerSecond
        self.proposedTokens = proposedTokens
        self.acceptedTokens = acceptedTokens
    }
}
