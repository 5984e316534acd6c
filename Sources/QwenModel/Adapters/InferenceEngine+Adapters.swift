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
        let cancellation = CancellationFlag()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.push(
                    AdapterJob(adapters, cancellation: cancellation) { continuation.resume(with: $0) }
                )
            }
        } onCancel: {
            cancellation.raise()
        }
    }
}

/// Changes the adapters between two steps of other jobs.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
private final class AdapterJob: EngineJob, @unchecked Sendable {
    private let adapters: [AttachedAdapter]
    private let completion: (Result<Void, any Error>) -> Void

    init(
        _ adapters: [AttachedAdapter],
        cancellation: CancellationFlag,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        self.adapters = adapters
        self.completion = completion
        super.init(cancellation: cancellation)
    }

    override func finishCancelled() {
        completion(.failure(CancellationError()))
    }

    override func step(_ pass: ForwardPass) -> Bool {
        completion(Result { try pass.attach(adapters) })
        return false
    }
}
