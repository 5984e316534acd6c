import QwenTensor

/// The matrix products of a step.
///
/// Rows that verify a guess must have the very bits that each would have as the only row, or a guess could change the text.
/// Integer products have them anyway; for the others the kernels for one row run over the same piece of the weights once for
/// each row, so that memory is still read once: the piece stays in the second-level cache.
extension ForwardStep {
    /// y = x Wᵀ + b for all workers together; as ``QwenTensor/Linear``'s, without a barrier. `slot` tells where x lies in `scratch`
    /// in other forms than floats, if not where a block's input does. With `rowsAlone` the bits of a row do not depend on which
    /// others there are, in any pass.
    func multiply(
        _ weights: borrowing LinearWeights,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        slot: Int? = nil,
        rowsAlone: Bool = false,
        _ worker: inout Worker
    ) {
        guard computesRowsAlone || rowsAlone, !weights.isBatchInvariant else {
            Linear.apply(
                weights,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                ldy: ldy,
                worker: &worker,
                scratch: scratch,
                slot: slot ?? inputSlot(worker)
            )
            return
        }
        let chunk = Linear.chunk(weights, rows: 1, workers: worker.count, scratch: scratch)
        while let range = worker.nextRange(of: weights.outputs, chunk: chunk) {
            multiplyRowsAlone(
                weights,
                outputs: range,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                ldy: ldy,
                slot: slot ?? inputSlot(worker),
                worker
            )
        }
    }

    /// The part of y for a range of outputs, by the calling worker. Where x lies in `scratch` in other forms than floats, `slot`
    /// tells.
    func multiply(
        _ weights: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        slot: Int,
        _ worker: borrowing Worker
    ) {
        guard computesRowsAlone, !weights.isBatchInvariant else {
            Linear.apply(
                weights,
                outputs: range,
                x: x,
                ldx: ldx,
                rows: rows,
                y: y,
                ldy: ldy,
                panel: scratch.panel(worker.index),
                prepared: scratch.prepared(slot: slot)
            )
            return
        }
        multiplyRowsAlone(
            weights,
            outputs: range,
            x: x,
            ldx: ldx,
            rows: rows,
            y: y,
            ldy: ldy,
            slot: slot,
            worker
        )
    }

    /// The same, row by row over pieces of the weights that stay in the cache.
    private func multiplyRowsAlone(
        _ weights: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        ldx: Int,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        slot: Int,
        _ worker: borrowing Worker
    ) {
        let panel = scratch.panel(worker.index)
        let piece = Self.cachedOutputs(weights)
        var first = range.lowerBound
        while first < range.upperBound {
            let outputs = first..<min(first + piece, range.upperBound)
            for row in 0..<rows {
                Linear.apply(
                    weights,
                    outputs: outputs,
                    x: x + row * ldx,
                    ldx: ldx,
                    rows: 1,
                    y: y + row * ldy,
                    ldy: ldy,
                    panel: panel,
                    prepared: scratch.prepared(slot: slot + row)
                )
            }
            first = outputs.upperBound
        }
    }

    /// y = silu(x Gᵀ) · (x Uᵀ) for all workers together, without a barrier.
    func multiplyGated(
        gate: borrowing LinearWeights,
        up: borrowing LinearWeights,
        x: UnsafePointer<Float>,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        _ worker: inout Worker
    ) {
        if computesRowsAlone {
            let rowsOfPiece = gate.isBatchInvariant ? rows : 1
            let chunk = Linear.chunk(gate, rows: rowsOfPiece, workers: worker.count, scratch: scratch)
            while let range = worker.nextRange(of: gate.outputs, chunk: chunk) {
                multiplyGated(
                    gate: gate,
                    up: up,
                    outputs: range,
                    x: x,
                    rows: rows,
                    y: y,
                    ldy: ldy,
                    slot: inputSlot(worker),
                    worker
                )
            }
        } else {
            GatedLinear.apply(
                gate: gate,
                up: up,
                x: x,
                ldx: shape.hidden,
                rows: rows,
                y: y,
                ldy: ldy,
                worker: &worker,
                scratch: scratch,
                slot: inputSlot(worker)
            )
        }
    }

    /// The part of y for a range of outputs, by the calling worker.
    func multiplyGated(
        gate: borrowing LinearWeights,
        up: borrowing LinearWeights,
        outputs range: Range<Int>,
        x: UnsafePointer<Float>,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        slot: Int,
        _ worker: borrowing Worker
    ) {
        let alone = computesRowsAlone && !(gate.isBatchInvariant && up.isBatchInvariant)
        let piece = alone ? Self.cachedOutputs(gate) : range.count
        var first = range.lowerBound
        while first < range.upperBound {
            let outputs = first..<min(first + piece, range.upperBound)
            for row in 0..<(alone ? rows : 1) {
                GatedLinear.apply(
                    gate: gate,
                    up: up,
                    outputs: outputs,
                    x: x + row * shape.hidden,
                    ldx: shape.hidden,
                    rows: alone ? 1 : rows,
                    y: y + row * ldy,
                    ldy: ldy,
                    panel: scratch.panel(worker.index),
                    product: scratch.product(worker.index),
                    prepared: scratch.prepared(slot: slot + row)
                )
            }
            first = outputs.upperBound
        }
    }

    /// Outputs whose weights, 256 KiB, stay in the second-level cache while they are used again; a multiple of twice what is
    /// decoded at a time.
    private static func cachedOutputs(_ weights: borrowing LinearWeights) -> Int {
        max(24, (1 << 18) / max(weights.byteCount / max(weights.outputs, 1), 1) / 24 * 24)
    }
}
