/// What a request asks for: thinking before the answer, or the answer at once.
///
/// A model that cannot do what is asked makes the request throw ``SessionError/thinkingNotSupported(requested:support:)``;
/// nothing else is done silently instead.
public enum Thinking: Sendable, Hashable {
    /// The answer at once. For a hybrid model the prompt carries an empty thinking block, as it was trained.
    case off
    /// Thinking first, as long as the model finds necessary.
    case on
}
