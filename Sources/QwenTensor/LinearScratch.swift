/// Working memory for ``Linear``: for each worker, a panel of weights as floats.
public final class LinearScratch: Sendable {
    private let buffer: AlignedBuffer<Float>

    /// The floats of one worker's panel.
    let panelCount: Int

    /// Allocates panels.
    ///
    /// - Parameters:
    ///   - workerCount: the workers of the pool.
    ///   - maxInputs: the longest x that will be multiplied with several rows at once; longer ones work too, without
    ///     BLAS.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(workerCount: Int, maxInputs: Int) throws(TensorError) {
        guard workerCount >= 1, workerCount <= 4096 else { throw .invalidWorkerCount(workerCount) }
        guard maxInputs >= 0, maxInputs < 1 << 32 else { throw .invalidByteCount(maxInputs) }
        panelCount = max(1 << 17, 16 * maxInputs)
        buffer = try AlignedBuffer(count: panelCount * workerCount)
        BLAS.prepare()
    }

    /// One worker's panel.
    public func panel(_ worker: Int) -> UnsafeMutablePointer<Float> { buffer.baseAddress + worker * panelCount }
}
