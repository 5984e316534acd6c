internal import CQwenKernels

/// A product with packed weights, or with some rows of them, whose input is a row of 8-bit or of 16-bit integers for each row of
/// x: ``Arithmetic/fast`` and ``Arithmetic/precise``.
struct PackedProduct {
    let layout: qwen_packed
    let inputs: Int
    let inputForm: InputForms

    /// The outputs `range` of y = x Wᵀ.
    ///
    /// - Parameters:
    ///   - groups: the first group of W.
    ///   - range: which columns of y; column 0 belongs to the first row of the first group.
    ///   - x: the rows, prepared in the form that the product has.
    ///   - rows: their number.
    ///   - y: [rows, outputs].
    ///   - ldy: the floats from one row of y to the next.
    @inline(__always)
    func apply(
        _ groups: UnsafeRawPointer,
        outputs range: Range<Int>,
        x: PreparedRows,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        let kernels = Kernels.current
        if inputForm == .integers16 {
            let multiply = kernels.packedProduct16(layout)
            multiply(groups, inputs, range.lowerBound, range.upperBound, x.integers16, x.rowBlocks16, rows, y, ldy)
        } else {
            let multiply = kernels.packedProduct(layout)
            multiply(groups, inputs, range.lowerBound, range.upperBound, x.integers, x.rowBlocks, rows, y, ldy)
        }
    }
}
