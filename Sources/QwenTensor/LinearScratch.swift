/// Working memory for ``Linear``: for each worker, a panel of weights as floats, on machines where products of many rows
/// go through the system's BLAS.
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
        guard maxInputs >= 0, maxInputs < 1 << 26 else { throw .invalidByteCount(maxInputs) }
        if Kernels.current.outpaceBLAS {
            panelCount = 16
        } else {
            panelCount = max(1 << 17, 16 * maxInputs)
            BLAS.prepare()
        }
        let (count, overflow) = panelCount.multipliedReportingOverflow(by: workerCount)
        guard !overflow else { throw .invalidByteCount(Int.max) }
        buffer = try AlignedBuffer(count: count)
    }

    /// One worker's panel.
    public func panel(_ worker: Int) -> UnsafeMutablePointer<Float> { buffer.baseAddress + worker * panelCount }
}
