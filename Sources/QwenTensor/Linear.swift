/// y = x Wᵀ + b for all workers of a region together.
public enum Linear {
    /// From this many rows of x on, and if the kernels of this machine do not outpace it, W goes through the system's
    /// BLAS: a panel of W is converted to floats once for all rows. Otherwise W is read in its stored type.
    static let blasThreshold = 9

    /// Up to so many rows of x, the kernels of packed and of BF16 weights, and some levels' float kernels, read W once for all of
    /// them.
    private static let fewRows = 8

    /// Computes y = x Wᵀ + b. Every worker of the region calls this with the same arguments; each takes rows of W as
    /// long as there are any.
    ///
    /// There is no barrier inside, neither before nor after: x must be complete, and y is complete after the caller's
    /// next ``Worker/barrier()``. Several products may follow one another without a barrier between them.
    ///
    /// - Parameters:
    ///   - weights: W [outputs, inputs] and b.
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs].
    ///   - ldy: the floats from one row of y to the next.
    ///   - worker: the calling worker.
    ///   - scratch: memory of all workers, made for this many workers.
    ///   - slot: where x lies in `scratch` in the forms that weights want.
    public static func apply(
        _ weights: borrowing LinearWeights,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        worker: inout Worker,
        scratch: LinearScratch,
        slot: Int = 0
    ) {
        let needsPanel = weights.needsPanel || usesBLAS(weights, rows: rows, scratch: scratch)
        let chunk = chunk(weights, rows: rows, workers: worker.count, scratch: scratch)
        while let range = worker.nextRange(of: weights.outputs, chunk: chunk) {
            apply(
                weights,
                outputs: range,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                ldy: ldy,
                panel: needsPanel ? scratch.panel(worker.index) : nil,
                prepared: scratch.prepared(slot: slot)
            )
        }
    }

    /// The part of y = x Wᵀ + b for a range of outputs, on the calling thread alone: for callers that share the work
    /// among workers in their own way (one expert per worker, or permitted rows of the output layer only).
    ///
    /// - Parameters:
    ///   - weights: W [outputs, inputs] and b.
    ///   - range: which columns of y to compute.
    ///   - x: [rows, inputs].
    ///   - ldx: the floats from one row of x to the next.
    ///   - rows: the number of rows of x and y.
    ///   - y: [rows, outputs]; column 0 is output 0 even if the range begins later.
    ///   - ldy: the floats from one row of y to the next.
    ///   - panel: the calling worker's panel of a ``LinearScratch`` made for this many inputs, or nil never to use BLAS,
    ///     which only plain weights allow. It bounds the range to what ``chunk(_:rows:workers:scratch:)`` gives.
    ///   - prepared: x in the forms that weights want.
    public static func apply(
        _ weights: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>?,
        prepared: PreparedRows? = nil
    ) {
        let kernels = Kernels.current
        if let deferred = weights.deferred, !deferred.isComplete {
            guard let prepared, let panel else {
                preconditionFailure("deferred weights need a panel and their input prepared")
            }
            multiplyDeferred(
                weights,
                deferred,
                outputs: range,
                rows: rows,
                y: y,
                ldy: ldy,
                panel: panel,
                prepared: prepared
            )
        } else if case .packed(let matrix) = weights.layout {
            guard let prepared else { preconditionFailure("packed weights need their input prepared") }
            matrix.product.apply(
                matrix.storage.baseAddress,
                outputs: range,
                x: prepared,
                rows: rows,
                y: y,
                ldy: ldy
            )
        } else if weights.roundsInputs, let prepared {
            kernels.multiplyBFloat16(
                weights.row(range.lowerBound),
                rowByteCount: weights.rowByteCount,
                rows: range.count,
                k: weights.inputs,
                x: prepared,
                m: rows,
                y: y + range.lowerBound,
                ldy: ldy
            )
        } else if case .plain(let type) = weights.layout {
            if let panel, rows >= blasThreshold, !kernels.outpaceBLAS {
                var source = UnsafePointer(panel)
                if type == .float32 {
                    source = weights.row(range.lowerBound).assumingMemoryBound(to: Float.self)
                } else {
                    weights.decode(rows: range, into: panel)
                }
                BLAS.multiply(
                    m: rows,
                    n: range.count,
                    k: weights.inputs,
                    x: x,
                    ldx: ldx,
                    w: source,
                    ldw: weights.inputs,
                    y: y + range.lowerBound,
                    ldy: ldy
                )
            } else {
                kernels.multiplyRows(
                    weights.row(range.lowerBound),
                    type,
                    rowByteCount: weights.rowByteCount,
                    rows: range.count,
                    k: weights.inputs,
                    x: x,
                    ldx: ldx,
                    m: rows,
                    y: y + range.lowerBound,
                    ldy: ldy
                )
            }
        } else if let panel {
            multiplyDecoded(weights, outputs: range, x: x, ldx: ldx, rows: rows, y: y, ldy: ldy, panel: panel)
        } else {
            preconditionFailure("weights that are decoded row by row need a panel")
        }
        if let update = weights.update {
            guard let panel else { preconditionFailure("an update needs a panel") }
            update.apply(
                outputs: range,
                inputs: weights.inputs,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                ldy: ldy,
                panel: panel
            )
        }
        if let bias = weights.bias {
            for row in 0..<rows {
                kernels.add(
                    bias.baseAddress + range.lowerBound,
                    to: y + (row * ldy + range.lowerBound),
                    count: range.count
                )
            }
        }
    }

    /// A product with weights that have no kernels of their own: a few rows at a time as floats.
    private static func multiplyDecoded(
        _ weights: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + LinearScratch.panelRows, range.upperBound)
            weights.decode(rows: start..<end, into: panel)
            Kernels.current.multiplyRows(
                panel,
                .float32,
                rowByteCount: weights.inputs * MemoryLayout<Float>.stride,
                rows: end - start,
                k: weights.inputs,
                x: x,
                ldx: ldx,
                m: rows,
                y: y + start,
                ldy: ldy
            )
            start = end
        }
    }

    /// How many outputs a worker should take at a time.
    ///
    /// - Parameters:
    ///   - weights: W [outputs, inputs].
    ///   - rows: the most rows of x that the piece will be multiplied with.
    ///   - workers: how many workers share the outputs.
    ///   - scratch: the workers' memory, which bounds a piece that goes through BLAS.
    /// - Returns: a number of outputs, at least 1.
    public static func chunk(
        _ weights: borrowing LinearWeights,
        rows: Int,
        workers: Int,
        scratch: LinearScratch
    ) -> Int {
        if case .packed = weights.layout {
            return packedRows(weights, rows: rows, workers: workers)
        }
        if usesBLAS(weights, rows: rows, scratch: scratch) { return panelRows(weights, scratch: scratch) }
        if rows == 1 || (weights.roundsInputs && rows <= fewRows) {
            return vectorRows(weights, workers: workers, multiple: 8)
        }
        if weights.isPlain, rows <= fewRows, Kernels.current.readsFewRowsOnce {
            return vectorRows(weights, workers: workers, multiple: 24)
        }
        return blockRows(weights, workers: workers)
    }

    private static func usesBLAS(_ weights: borrowing LinearWeights, rows: Int, scratch: LinearScratch) -> Bool {
        rows >= blasThreshold && weights.isPlain && weights.inputs <= scratch.panelCount
            && !Kernels.current.outpaceBLAS
    }

    /// Outputs per chunk of a product that reads W once: up to 512 KiB of W, since the prefetchers need long runs (with 64 KiB
    /// decoding read 35 GB/s where 56 could be had, with 512 KiB 46), but at least four chunks for each worker, so that
    /// none is left with a long last one.
    private static func vectorRows(_ weights: borrowing LinearWeights, workers: Int, multiple: Int) -> Int {
        if workers == 1 { return max(weights.outputs, 1) }
        let rows = min(524288 / max(weights.rowByteCount, 1), weights.outputs / (4 * workers))
        return max(multiple, rows / multiple * multiple)
    }

    /// Outputs per chunk of a product with several rows: rows of W that stay in the second-level cache while they are
    /// used again and again, a multiple of 12 as ``Kernels/multiplyRows(_:_:rowByteCount:rows:k:x:ldx:m:y:ldy:)`` likes.
    private static func blockRows(_ weights: borrowing LinearWeights, workers: Int) -> Int {
        max(12, min(48, weights.outputs / (4 * workers)) / 12 * 12)
    }

    /// Outputs per chunk of a product with packed weights and so many rows, whole pairs of groups. Few rows read W
    /// once: runs as long as can be shared (measured on Zen 4, Q4_0: 128 rows at a time 70 % of what memory gives, 512 rows 85 %).
    /// For many rows what stays in the second-level cache.
    private static func packedRows(_ weights: borrowing LinearWeights, rows: Int, workers: Int) -> Int {
        let (bytes, chunks) = rows <= fewRows ? (1 << 20, 2) : (1 << 17, 4)
        let pair = 2 * PackedMatrix.groupRows
        let fair = workers == 1 ? weights.outputs : weights.outputs / (chunks * workers)
        return max(pair, min(bytes / max(weights.rowByteCount, 1), fair) / pair * pair)
    }

    /// Outputs per chunk of a product through BLAS: what the panel holds.
    private static func panelRows(_ weights: borrowing LinearWeights, scratch: LinearScratch) -> Int {
        max(1, min(256, scratch.panelCount / max(weights.inputs, 1)))
    }
}

extension LinearWeights {
    /// Whether the float kernels read the weights as they are.
    @inline(__always)
    var isPlain: Bool {
        if case .plain = layout { true } else { false }
    }

    /// Whether a product needs a panel whatever the machine: to read or decode rows into, or for an update.
    @inline(__always)
    var needsPanel: Bool {
        if update != nil || deferred != nil { return true }
        switch layout {
        case .plain, .packed: return false
        case .blocks, .grouped, .float8: return true
        }
    }
}
