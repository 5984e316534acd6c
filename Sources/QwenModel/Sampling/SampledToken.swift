/// A token that was chosen.
public struct SampledToken: Sendable, Hashable {
    /// The token's id.
    public let id: Int
    /// The logarithm of the probability that the model gave it, if log-probabilities were asked for.
    public let logProbability: Float?
    /// The likeliest tokens by the model's own distribution, the likeliest first, if they were asked for.
    public let topLogProbabilities: [TokenLogProbability]
}

/// A token with the logarithm of its probability.
public struct TokenLogProbability: Sendable, Hashable {
    /// The token's id.
    public let id: Int
    /// The natural logarithm of the token's probability.
    public let logProbability: Float
}
