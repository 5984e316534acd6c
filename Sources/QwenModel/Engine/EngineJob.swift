import Synchronization

/// Work that the engine's thread does in steps, so that several jobs can take turns and each can be cancelled between two.
///
/// - Note: `@unchecked Sendable`: a job is made on the caller's thread and handed through `JobQueue` once; from then on its
///   subclass's state is touched by the engine's thread alone. What other threads may touch afterwards is `cancellation`,
///   which is atomic.
class EngineJob: @unchecked Sendable {
    /// Set from any thread; the engine's thread looks at it between steps, the forward pass between layers.
    let cancellation: CancellationFlag

    init(cancellation: CancellationFlag) {
        self.cancellation = cancellation
    }

    /// Does the next piece of work.
    ///
    /// - Parameter pass: the engine's forward pass; this call has it to itself.
    /// - Returns: whether the job goes on. A job that does not has told its consumer everything.
    func step(_ pass: ForwardPass) -> Bool {
        false
    }

    /// The sequence of which the job wants one more token computed and nothing else, so that it can be a row of a batch; nil
    /// where its next step is something else.
    var nextToken: (token: Int32, cache: KeyValueCache)? { nil }

    /// Makes room for the row that `nextToken` described.
    ///
    /// - Returns: whether the job goes on; one that does not has told its consumer why.
    func prepareRow() -> Bool { false }

    /// Takes the outcome of a batch in which the job had a row.
    ///
    /// - Parameters:
    ///   - pass: the engine's forward pass.
    ///   - row: the job's row among those whose logits were computed last.
    /// - Returns: whether the job goes on.
    func finishRow(_ pass: ForwardPass, row: Int) -> Bool { false }

    /// Tells the consumer that the job was cancelled; nothing follows.
    func finishCancelled() {}
}

/// A flag that is raised once and seen from every thread.
final class CancellationFlag: Sendable {
    private let raised = Atomic<Bool>(false)

    /// Whether the work should stop.
    var isRaised: Bool { raised.load(ordering: .acquiring) }

    /// Asks the work to stop.
    func raise() {
        raised.store(true, ordering: .releasing)
    }
}
