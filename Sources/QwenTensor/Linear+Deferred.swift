internal import CQwenKernels

extension Linear {
    /// A product with a matrix that is not in memory: some rows at a time are read into the panel.
    static func multiplyDeferred(
        _ weights: borrowing LinearWeights,
        _ matrix: DeferredMatrix,
        outputs range: Range<Int>,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        panel: UnsafeMutablePointer<Float>,
        prepared: PreparedRows
    ) {
        let groupRows = PackedMatrix.groupRows
        var first = range.lowerBound
        while first < range.upperBound {
            let start = first / groupRows * groupRows
            let end = min(start + DeferredMatrix.panelRows, range.upperBound)
            let readEnd = min((end + groupRows - 1) / groupRows * groupRows, weights.outputs)
            let base = matrix.read(start..<readEnd, into: UnsafeMutableRawPointer(panel))
            if case .packed(let packed) = weights.layout {
                packed.product.apply(
                    base,
                    outputs: first - start..<end - start,
                    x: prepared,
                    rows: rows,
                    y: y + start,
                    ldy: ldy
                )
            } else {
                Kernels.current.multiplyBFloat16(
                    base + (first - start) * weights.rowByteCount,
                    rowByteCount: weights.rowByteCount,
                    rows: end - first,
                    k: weights.inputs,
                    x: prepared,
                    m: rows,
                    y: y + first,
                    ldy: ldy
                )
            }
            first = end
        }
    }
}
