import Synchronization

/// Asks a running generation to stop thinking and answer; see ``ThinkingControl/answerNow``.
///
/// Any thread may raise it, at any time: before the generation has begun, while the model thinks, or when it is too late,
/// which has no effect. The engine's thread reads it between tokens without a lock.
public final class AnswerNowSignal: Sendable {
    private let raised = Atomic<Bool>(false)

    /// Creates a signal that nobody has raised.
    public init() {}

    /// Whether an answer was asked for.
    public var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Asks for the answer; there is no way back.
    public func raise() {
        raised.store(true, ordering: .relaxed)
    }
}
