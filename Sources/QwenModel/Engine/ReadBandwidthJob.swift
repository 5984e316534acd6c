/// Reads all weights a few times, a pass a step, and tells the best speed.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class ReadBandwidthJob: EngineJob, @unchecked Sendable {
    private let completion: (Result<Double, any Error>) -> Void
    private var passes = 0
    private var best = 0.0

    init(cancellation: CancellationFlag, completion: @escaping @Sendable (Result<Double, any Error>) -> Void) {
        self.completion = completion
        super.init(cancellation: cancellation)
    }

    override func finishCancelled() {
        completion(.failure(CancellationError()))
    }

    override func step(_ pass: ForwardPass) -> Bool {
        var byteCount = 0
        let duration = ContinuousClock().measure { byteCount = pass.readWeights() }
        best = max(best, Double(byteCount) / (duration / .nanoseconds(1)))
        passes += 1
        guard passes == 3 else { return true }
        completion(.success(best))
        return false
    }
}
