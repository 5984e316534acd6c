public import QwenModel

/// A model's answer, complete.
public struct Response: Sendable {
    /// The answer.
    public let text: String
    /// What the model thought before it answered; `nil` if it did not.
    public let thinking: String?
    /// What ended the thinking; `nil` if the model did not think.
    public let thinkingEnd: ThinkingEnd?
    /// What the session's router decided, and why; `nil` where it was not asked (see ``Thinking/automatic``).
    public let routing: ThinkingRoute?
    /// What the model did not get to see, because the context was full; `nil` if it saw all. See ``ContextPolicy``.
    public let contextReduction: ContextReduction?
    /// What the request cost.
    public let usage: Usage
    /// Why the answer ended.
    public let finishReason: FinishReason
    /// The generated tokens with their log-probabilities, thinking included; `nil` unless
    /// ``GenerationOptions/logProbabilities`` asked for them.
    public let logProbabilities: [GeneratedToken]?

    /// The answer as the transcript holds it.
    public var message: Message {
        .assistant(text, reasoning: thinking)
    }
}
