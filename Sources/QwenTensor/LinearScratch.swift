/// Working memory for ``Linear``: for each worker, a panel of weights as floats, for weights that are decoded and for machines
/// where products of many rows go through the system's BLAS.
public final class LinearScratch: Sendable {
    private let buffer: AlignedBuffer<Float>

    /// Rows of weights that are decoded at a time, as many as the kernels multiply at a time; a panel holds at least these.
    static let panelRows = 12

    /// The floats of one worker's panel.
    let panelCount: Int

    /// Allocates panels.
    ///
    /// - Parameters:
    ///   - workerCount: the workers of the pool.
    ///   - maxInputs: the longest x that will be multiplied; longer ones work too with plain weights, without BLAS.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(workerCount: Int, maxInputs: Int) throws(TensorError) {
        guard workerCount >= 1, workerCount <= 4096 else { throw .invalidWorkerCount(workerCount) }
        guard maxInputs >= 0, maxInputs < 1 << 26 else { throw .invalidByteCount(maxInputs) }
        if Kernels.current.outpaceBLAS {
            panelCount = (Self.panelRows * maxInputs + 15) / 16 * 16
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
