/// Working memory for ``Linear``: for each worker, a panel of weights as floats, for weights that are decoded and for machines
/// where products of many rows go through the system's BLAS.
public final class LinearScratch: Sendable {
    private let buffer: AlignedBuffer<Float>

    /// Inputs as integers, a row in each slot.
    private let integers: AlignedBuffer<UInt8>
    private let rowByteCount: Int

    /// Rows of weights that are decoded at a time, as many as the kernels multiply at a time; a panel holds at least these.
    static let panelRows = 12

    /// The floats of one worker's panel.
    let panelCount: Int

    /// Allocates panels.
    ///
    /// - Parameters:
    ///   - workerCount: the workers of the pool.
    ///   - maxInputs: the longest x that will be multiplied; longer ones work too with plain weights, without BLAS.
    ///   - slots: rows of x that are kept as integers at a time, for weights that want them.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(workerCount: Int, maxInputs: Int, slots: Int = 0) throws(TensorError) {
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
        rowByteCount = QuantizedRows.rowByteCount(inputs: maxInputs)
        let (bytes, tooMany) = slots.multipliedReportingOverflow(by: rowByteCount)
        guard slots >= 0, !tooMany else { throw .invalidByteCount(Int.max) }
        integers = try AlignedBuffer(count: bytes)
    }

    /// Rows as integers, from a slot on.
    public func integers(slot: Int) -> QuantizedRows {
        QuantizedRows(
            base: UnsafeMutableRawPointer(integers.baseAddress) + slot * rowByteCount,
            stride: rowByteCount / QuantizedRows.rowByteCount(inputs: 32)
        )
    }

    /// Writes a row of x as integers into a slot.
    ///
    /// - Parameters:
    ///   - x: [inputs].
    ///   - inputs: a multiple of 32; weights that want integers have no other.
    ///   - slot: where to write.
    public func quantize(_ x: UnsafePointer<Float>, inputs: Int, slot: Int) {
        Kernels.current.quantize(x, count: inputs, into: integers(slot: slot))
    }

    /// One worker's panel.
    public func panel(_ worker: Int) -> UnsafeMutablePointer<Float> { buffer.baseAddress + worker * panelCount }
}
