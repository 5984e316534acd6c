/// Working memory for ``Linear`` and ``GatedLinear``: for each worker, a panel of weights as floats, for weights that are decoded and
/// for machines where products of many rows go through the system's BLAS.
public final class LinearScratch: Sendable {
    private let buffer: AlignedBuffer<Float>

    /// For each worker, what ``GatedLinear`` needs.
    private let products: AlignedBuffer<Float>

    /// Inputs in the forms that products want, a row in each slot.
    private let slots: AlignedBuffer<UInt8>
    private let inputForms: InputForms
    private let layout: PreparedRows.Layout

    /// Rows of weights that are decoded at a time, as many as the kernels multiply at a time; a panel holds at least these.
    static let panelRows = 12

    /// The floats of one worker's panel.
    let panelCount: Int

    /// The floats of one worker's part of a gated product: a quarter of a second-level cache, or with BLAS, which likes large
    /// pieces, as much as a panel.
    static var productCount: Int { Kernels.current.outpaceBLAS ? 1 << 15 : 1 << 17 }

    /// Allocates panels.
    ///
    /// - Parameters:
    ///   - workerCount: the workers of the pool.
    ///   - maxInputs: the longest x that will be multiplied; longer ones work too with plain weights, without BLAS.
    ///   - slots: rows of x that are kept at a time in the forms that weights want.
    ///   - inputForms: those forms.
    /// - Throws: ``TensorError/invalidByteCount(_:)`` or ``TensorError/allocationFailed(byteCount:)``.
    public init(workerCount: Int, maxInputs: Int, slots: Int = 0, inputForms: InputForms = []) throws(TensorError) {
        guard workerCount >= 1, workerCount <= 4096 else { throw .invalidWorkerCount(workerCount) }
        guard maxInputs >= 0, maxInputs < 1 << 26 else { throw .invalidByteCount(maxInputs) }
        panelCount = Self.panelCount(maxInputs: maxInputs)
        let (count, overflow) = panelCount.multipliedReportingOverflow(by: workerCount)
        guard !overflow else { throw .invalidByteCount(Int.max) }
        buffer = try AlignedBuffer(count: count)
        products = try AlignedBuffer(count: workerCount * Self.productCount)
        layout = PreparedRows.Layout(inputs: maxInputs, forms: inputForms)
        let (bytes, tooMany) = slots.multipliedReportingOverflow(by: layout.rowByteCount)
        guard slots >= 0, !tooMany else { throw .invalidByteCount(Int.max) }
        self.slots = try AlignedBuffer(count: bytes)
        self.inputForms = inputForms
    }

    private static func panelCount(maxInputs: Int) -> Int {
        let decoded = Kernels.current.outpaceBLAS ? panelRows * maxInputs : max(1 << 17, 16 * maxInputs)
        // Rows that are read when they are needed take more, but where nothing is put into it memory takes no room.
        let read = DeferredMatrix.panelByteCount(inputs: maxInputs) / MemoryLayout<Float>.stride
        return (max(decoded, read) + 15) / 16 * 16
    }

    /// The bytes that such memory takes.
    ///
    /// - Parameters:
    ///   - workerCount: the workers of the pool.
    ///   - maxInputs: the longest x that will be multiplied.
    ///   - slots: rows of x that are kept at a time in the forms that weights want.
    ///   - inputForms: those forms.
    /// - Returns: the number of bytes.
    package static func byteCount(workerCount: Int, maxInputs: Int, slots: Int, inputForms: InputForms) -> Int {
        let floats = panelCount(maxInputs: maxInputs) + productCount
        return workerCount * floats * MemoryLayout<Float>.stride
            + slots * PreparedRows.Layout(inputs: maxInputs, forms: inputForms).rowByteCount
    }

    /// The rows that lie prepared from a slot on.
    public func prepared(slot: Int) -> PreparedRows {
        PreparedRows(base: UnsafeMutableRawPointer(slots.baseAddress) + slot * layout.rowByteCount, layout: layout)
    }

    /// Writes a row of x into a slot, in the forms that this memory was made for.
    ///
    /// - Parameters:
    ///   - x: [inputs].
    ///   - inputs: at most `maxInputs`. What does not fill a block of 32 is left out of the integers; weights that want them
    ///     have whole blocks.
    ///   - slot: where to write.
    public func prepare(_ x: UnsafePointer<Float>, inputs: Int, slot: Int) {
        let row = prepared(slot: slot)
        if inputForms.contains(.integers) { Kernels.current.quantizeRow(x, inputs, row.integers) }
        if inputForms.contains(.integers16) { Kernels.current.quantizeRow16(x, inputs, row.integers16) }
        if inputForms.contains(.bfloat16) {
            Kernels.current.convert(from: x, to: row.bfloat16, .bfloat16, count: inputs)
        }
    }

    /// The bytes of one worker's panel.
    package var panelByteCount: Int { panelCount * MemoryLayout<Float>.stride }

    /// One worker's panel.
    public func panel(_ worker: Int) -> UnsafeMutablePointer<Float> { buffer.baseAddress + worker * panelCount }

    /// One worker's memory for a part of a gated product.
    public func product(_ worker: Int) -> UnsafeMutablePointer<Float> {
        products.baseAddress + worker * Self.productCount
    }
}
