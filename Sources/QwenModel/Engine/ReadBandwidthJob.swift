/// Reads all weights a few times, a pass a step, and tells the best speed.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class ReadBandwidthJob: AnswerJob<Double>, @unchecked Sendable {
    private var passes = 0
    private var best = 0.0

    override func advance(_ pass: ForwardPass) throws -> Double? {
        var byteCount = 0
        let duration = try ContinuousClock().measure { byteCount = try pass.readWeights() }
        best = max(best, Double(byteCount) / (duration / .nanoseconds(1)))
        passes += 1
        return passes == 3 ? best : nil
    }
}
