/// What a request asks for: thinking before the answer, or the answer at once.
///
/// A model that cannot do what is asked makes the request throw ``SessionError/thinkingNotSupported(requested:support:)``;
/// nothing else is done silently instead.
public enum Thinking: Sendable, Hashable {
    /// The answer at once. For a hybrid model the prompt carries an empty thinking block, as it was trained.
    case off
    /// Thinking first, as long as the model finds necessary.
    case on
    /// Thinking first, for at most this many tokens; then Qwen's early-stop sentence is put in, and the answer follows.
    ///
    /// The budget counts what is generated from the beginning, the opening tag included. It is cut where
    /// ``GenerationOptions/maxTokens`` or the context would leave too little for the answer; see
    /// ``GenerationOptions/answerReserve``. A budget of 0 is ``off`` for a hybrid model; a model that always thinks gets the
    /// sentence at once. A negative one makes the request throw ``SessionError/invalidThinkingBudget(_:)``.
    ///
    /// Source: Qwen3 Technical Report, §4.3.
    case budget(Int)
    /// What the session's ``ThinkingRouter`` decides for the task; ``Response/routing`` tells what that was.
    case automatic
}
