extension InferenceEngine {
    /// Attaches adapters, in place of those that are attached; none detaches all, after which the engine computes bit by bit
    /// what it did before.
    ///
    /// Requests that are running go on with the new adapters from their next token on. Contexts forget what they computed with
    /// others, since keys and values depend on them.
    ///
    /// - Parameter adapters: the adapters and their weights.
    /// - Throws: ``AdapterError`` for one that does not fit the model; nothing is changed then. `CancellationError`.
    /// - Complexity: O(size of the adapters); the model's weights are not touched.
    public func attach(_ adapters: [AttachedAdapter]) async throws {
        try await answer(of: AdapterJob(adapters))
    }
}

/// Changes the adapters between two steps of other jobs.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
private final class AdapterJob: AnswerJob<Void>, @unchecked Sendable {
    private let adapters: [AttachedAdapter]

    init(_ adapters: [AttachedAdapter]) {
        self.adapters = adapters
    }

    override func advance(_ pass: ForwardPass) throws -> Void? {
        try pass.attach(adapters)
    }
}
