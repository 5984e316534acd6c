extension InferenceEngine {
    /// What a file with a saved context held.
    public struct RestoredContext: Sendable {
        /// A context that holds what the saved one did.
        public let context: InferenceContext
        /// What was saved beside it.
        public let attachment: [UInt8]
    }

    /// Writes a context to a file: its tokens with their keys and values, so that they need not be computed again.
    ///
    /// The file takes its name when it is complete, in place of one that has it; only its owner may read it. It is written by the
    /// engine's thread, a few megabytes between the tokens of other requests.
    ///
    /// - Parameters:
    ///   - context: the context; free, or in use by a request that was cancelled.
    ///   - path: the file.
    ///   - attachment: bytes that are kept in the file for whoever restores it.
    /// - Throws: ``SavedContextError``, `EngineError.foreignContext` and `.contextBusy`, `CancellationError`.
    /// - Complexity: O(tokens) bytes, ``ModelConfiguration/keyValueByteCount(tokens:storedAs:)`` of them for the keys and
    ///   values. The first call reads the model's weights once for their hash.
    public func save(_ context: InferenceContext, to path: String, attachment: [UInt8] = []) async throws {
        guard context.engine == ObjectIdentifier(self) else { throw EngineError.foreignContext }
        let job = SaveContextJob(context, path: path, attachment: attachment)
        guard context.acquire(for: job.cancellation) else { throw EngineError.contextBusy }
        try await answer(of: job)
    }

    /// Makes a context that holds what a saved one did.
    ///
    /// A request whose prompt begins with its tokens computes the rest only. The file is checked first: that it was written for
    /// a model with these weights, for keys and values of this engine's type, that it is as long as it says, and that its bytes
    /// are those that were written. No memory is taken that the file's size does not call for.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - capacity: the most tokens that the context may hold; nil for the model's own maximum.
    /// - Returns: the context and what was saved beside it.
    /// - Throws: ``SavedContextError``, `EngineError.invalidCapacity`, `TensorError` when memory cannot be had,
    ///   `CancellationError`.
    /// - Complexity: O(tokens) bytes. The first call reads the model's weights once for their hash.
    public func restoreContext(from path: String, capacity: Int? = nil) async throws -> RestoredContext {
        try await answer(of: RestoreContextJob(makeContext(capacity: capacity), path: path))
    }
}
