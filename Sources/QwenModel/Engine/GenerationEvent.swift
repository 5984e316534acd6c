/// What happens during a generation, in order: `prompt`, `prefillProgress` after each chunk, then `token` for each token,
/// and `finished` last.
public enum GenerationEvent: Sendable {
    /// The prompt was accepted: how many tokens it has and how many of them the cache already holds.
    case prompt(total: Int, cached: Int)

    /// A chunk of the prompt was computed: how many of its tokens are in the cache now, of how many.
    case prefillProgress(done: Int, total: Int)

    /// A token was generated.
    case token(GeneratedToken)

    /// The generation ended by itself; nothing follows.
    case finished(GenerationSummary)
}

/// A generated token.
public struct GeneratedToken: Sendable, Hashable {
    /// Who chose a token.
    public enum Source: Sendable, Hashable {
        /// The model, by sampling.
        case model
        /// The engine, to end the thinking; see ``ThinkingControl``.
        case thinkingControl
        /// The engine, because the constraint left no choice; see ``TokenConstraint``.
        case constraint
    }

    /// The token's id.
    public let id: Int

    /// Who chose it.
    public let source: Source

    /// The natural logarithm of the token's probability under the model, where it was asked for and the model chose.
    public let logProbability: Float?

    /// The most likely tokens at this step, best first, where they were asked for and the model chose.
    public let topLogProbabilities: [TokenLogProbability]
}

/// How a generation went.
public struct GenerationSummary: Sendable, Hashable {
    /// Why a generation ended.
    public enum Reason: Sendable, Hashable {
        /// The model produced one of the request's stop tokens; its id.
        case stopToken(Int)
        /// The request's `maxTokens` were generated.
        case maxTokens
        /// The context holds no further token.
        case contextFull
        /// The text that a constraint asks for is whole; no stop token was computed.
        case complete
    }

    /// Why the generation ended.
    public let reason: Reason

    /// Tokens in the prompt.
    public let promptTokens: Int

    /// Tokens of the prompt that were in the cache already.
    public let cachedTokens: Int

    /// Tokens generated, the stop token not counted, those that the model did not choose included.
    public let generatedTokens: Int

    /// Tokens among them that the model did not choose.
    public let forcedTokens: Int

    /// What ended the thinking; `nil` where there was none or nobody watched.
    public let thinkingEnd: ThinkingEnd?

    /// From the start of the work on the request to its first token (or its end, if there was none).
    public let timeToFirstToken: Duration

    /// Time spent on the part of the prompt that was not cached.
    public let prefillDuration: Duration

    /// From the first token to the last: the time of `decodeSteps` steps.
    public let decodeDuration: Duration

    /// Passes through the model that `decodeDuration` covers.
    public let decodeSteps: Int

    /// Tokens that were guessed and computed before they were chosen; see ``Speculation``.
    public let proposedTokens: Int

    /// Tokens among them that were chosen.
    public let acceptedTokens: Int

    /// Decoding speed in tokens per second; nil where there was no step to measure.
    ///
    /// Each step chooses one token, and one more for each guess that came true; those that the model did not choose come for
    /// the price of a few.
    public var tokensPerSecond: Double? {
        guard decodeSteps > 0, decodeDuration > .zero else { return nil }
        return Double(decodeSteps + acceptedTokens + forcedTokens) / (decodeDuration / .seconds(1))
    }
}
