/// y = silu(x Gᵀ) · (x Uᵀ): the first half of a SwiGLU feed-forward block, whose two products read the same x.
///
/// Source: Shazeer, "GLU Variants Improve Transformer" (arXiv 2002.05202).
public enum GatedLinear {
    /// Computes y. Every worker of the region calls this with the same arguments; each takes pieces of the outputs.
    ///
    /// There is no barrier inside: x must be complete, and y is complete after the caller's next ``Worker/barrier()``.
    ///
    /// - Parameters:
    ///   - gate: G [outputs, inputs].
    ///   - up: U [outputs, inputs].
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs].
    ///   - product: working memory like y, for x Uᵀ.
    ///   - ldy: the floats from one row of y to the next.
    ///   - worker: the calling worker.
    ///   - scratch: memory of all workers, made for this many workers.
    ///   - slot: where x lies in `scratch` in the forms that weights want.
    public static func apply(
        gate: borrowing LinearWeights,
        up: borrowing LinearWeights,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        product: UnsafeMutablePointer<Float>,
        ldy: Int,
        worker: inout Worker,
        scratch: LinearScratch,
        slot: Int = 0
    ) {
        let chunk = Linear.chunk(gate, rows: rows, workers: worker.count, scratch: scratch)
        while let range = worker.nextRange(of: gate.outputs, chunk: chunk) {
            apply(
                gate: gate,
                up: up,
                outputs: range,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                product: product,
                ldy: ldy,
                panel: scratch.panel(worker.index),
                prepared: scratch.prepared(slot: slot)
            )
        }
    }

    /// The part of y for a range of outputs, on the calling thread alone.
    ///
    /// - Parameters:
    ///   - gate: G [outputs, inputs].
    ///   - up: U [outputs, inputs].
    ///   - range: which columns of y to compute; no more than ``Linear/chunk(_:rows:workers:scratch:)`` gives.
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs]; column 0 is output 0 even if the range begins later.
    ///   - product: working memory like y, for x Uᵀ.
    ///   - ldy: the floats from one row of y to the next.
    ///   - panel: the calling worker's panel of a ``LinearScratch``.
    ///   - prepared: x in the forms that weights want.
    public static func apply(
        gate: borrowing LinearWeights,
        up: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        product: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>,
        prepared: PreparedRows? = nil
    ) {
        Linear.apply(gate, outputs: range, x: x, ldx: ldx, rows: rows, y: y, ldy: ldy, panel: panel, prepared: prepared)
        Linear.apply(
            up,
            outputs: range,
            x: x,
            ldx: ldx,
            rows: rows,
            y: product,
            ldy: ldy,
            panel: panel,
            prepared: prepared
        )
        let kernels = Kernels.current
        for row in 0..<rows {
            let start = row &* ldy &+ range.lowerBound
            kernels.siluMultiply(gate: y + start, up: product + start, y: y + start, count: range.count)
        }
    }
}
