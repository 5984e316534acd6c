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
                ldy: ldy,
                panel: scratch.panel(worker.index),
                product: scratch.product(worker.index),
                prepared: scratch.prepared(slot: slot)
            )
        }
    }

    /// The part of y for a range of outputs, on the calling thread alone.
    ///
    /// x Uᵀ is computed as much at a time as `product` has room for, so that it is still in the cache when it is multiplied.
    ///
    /// - Parameters:
    ///   - gate: G [outputs, inputs].
    ///   - up: U [outputs, inputs].
    ///   - range: which columns of y to compute; no more than ``Linear/chunk(_:rows:workers:scratch:)`` gives.
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs]; column 0 is output 0 even if the range begins later.
    ///   - ldy: the floats from one row of y to the next.
    ///   - panel: the calling worker's panel of a ``LinearScratch``.
    ///   - product: the calling worker's ``LinearScratch/product(_:)``.
    ///   - prepared: x in the forms that weights want.
    public static func apply(
        gate: borrowing LinearWeights,
        up: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>,
        product: UnsafeMutablePointer<Float>,
        prepared: PreparedRows? = nil
    ) {
        let kernels = Kernels.current
        let piece = piece(gate, up, outputs: range.count, rows: rows)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: piece.outputs) {
            let outputs = start..<min(start + piece.outputs, range.upperBound)
            for first in stride(from: 0, to: rows, by: piece.rows) {
                let count = min(piece.rows, rows - first)
                let x = x + first * ldx
                let y = y + first * ldy
                let prepared = prepared?.advanced(by: first)
                Linear.apply(
                    gate,
                    outputs: outputs,
                    x: x,
                    ldx: ldx,
                    rows: count,
                    y: y,
                    ldy: ldy,
                    panel: panel,
                    prepared: prepared
                )
                Linear.apply(
                    up,
                    outputs: outputs,
                    x: x,
                    ldx: ldx,
                    rows: count,
                    y: product - start,
                    ldy: outputs.count,
                    panel: panel,
                    prepared: prepared
                )
                for row in 0..<count {
                    let to = y + (row &* ldy &+ start)
                    kernels.siluMultiply(gate: to, up: product + row &* outputs.count, y: to, count: outputs.count)
                }
            }
        }
    }

    /// How many outputs and rows are computed at a time.
    ///
    /// All outputs if possible, since weights that stay in the second-level cache are what costs least to use again; but weights that
    /// are not in memory are read for each product, and then all rows. Eight rows are a tile of the kernels.
    private static func piece(
        _ gate: borrowing LinearWeights,
        _ up: borrowing LinearWeights,
        outputs: Int,
        rows: Int
    ) -> (outputs: Int, rows: Int) {
        let room = LinearScratch.productCount
        let areRead = gate.deferred?.isComplete == false || up.deferred?.isComplete == false
        let rowsTogether = max(1, areRead ? min(rows, room / DeferredMatrix.panelRows) : min(rows, 8))
        let fitting = room / rowsTogether
        let width = min(outputs, fitting >= 48 ? fitting / 48 * 48 : fitting)
        let height = room / max(width, 1)
        return (max(width, 1), height >= 8 ? height / 8 * 8 : height)
    }
}
