public import QwenModel

/// A model's answer, complete.
public struct Response: Sendable {
    /// The answer: the text of the model's last turn. What it said before it called a tool is in ``messages``.
    public let text: String
    /// What the model thought in its last turn; `nil` if it did not.
    public let thinking: String?
    /// What ended the thinking; `nil` if the model did not think.
    public let thinkingEnd: ThinkingEnd?
    /// What the session's router decided, and why; `nil` where it was not asked (see ``Thinking/automatic``).
    public let routing: ThinkingRoute?
    /// What the model did not get to see, because the context was full; `nil` if it saw all. See ``ContextPolicy``.
    public let contextReduction: ContextReduction?
    /// What the request cost, the rounds with tools together.
    public let usage: Usage
    /// What each turn of the model cost: one, and one more for each round with tools.
    public let rounds: [Usage]
    /// What the request added to the transcript after the user's message: the model's turns with their calls, the results
    /// of the tools, and the answer.
    public let messages: [Message]
    /// Why the answer ended.
    public let finishReason: FinishReason
    /// The generated tokens with their log-probabilities, thinking included; `nil` unless
    /// ``GenerationOptions/logProbabilities`` asked for them.
    public let logProbabilities: [GeneratedToken]?

    /// The answer as the transcript holds it.
    public var message: Message {
        .assistant(text, reasoning: thinking)
    }

    /// The calls that the model made, in order, those that were refused among them.
    public var toolCalls: [ToolCall] { messages.flatMap(\.toolCalls) }
}
