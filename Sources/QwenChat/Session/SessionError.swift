/// Why a session does not answer.
///
/// What goes wrong further down comes through as it is: `ChatTemplateError`, `EngineError`, `SamplingError`,
/// `CancellationError`. After any of them the session is free again and its transcript is as it was before the request.
public enum SessionError: Error, Sendable, Hashable {
    /// The session is answering another request; it takes one at a time.
    case alreadyResponding
    /// The model cannot do what is asked.
    ///
    /// - Parameters:
    ///   - requested: what was asked for.
    ///   - support: what the model can do.
    case thinkingNotSupported(requested: Thinking, support: ThinkingSupport)
    /// A thinking budget below 0 was asked for.
    case invalidThinkingBudget(Int)
    /// The conversation does not fit into the context with room for an answer.
    ///
    /// - Parameters:
    ///   - promptTokens: tokens of the conversation as the template writes it.
    ///   - contextTokens: tokens that the session's context holds.
    case contextFull(promptTokens: Int, contextTokens: Int)
    /// The transcript holds nothing that could be answered.
    case emptyTranscript
    /// A response stream was iterated a second time; each runs one request, once.
    case streamAlreadyConsumed
}

extension SessionError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .alreadyResponding:
            "The session is answering another request."
        case .thinkingNotSupported(let requested, let support):
            switch support {
            case .never: "The model cannot think, so thinking cannot be \(requested)."
            case .always: "The model thinks before every answer, so thinking cannot be \(requested)."
            case .hybrid: "The model cannot be asked for thinking \(requested)."
            }
        case .invalidThinkingBudget(let tokens):
            "A thinking budget of \(tokens) tokens was asked for; it must be 0 or more."
        case .contextFull(let prompt, let context):
            "The conversation has \(prompt) tokens and the context holds \(context), which leaves no room for an answer."
        case .emptyTranscript:
            "There is no message to answer."
        case .streamAlreadyConsumed:
            "The response stream was iterated before; ask the session for a new one."
        }
    }
}
