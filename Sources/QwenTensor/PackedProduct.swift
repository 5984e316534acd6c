internal import CQwenKernels

/// A product with packed weights, or with some rows of them, whose input is one row of integers for each row of x, or two:
/// ``Arithmetic/fast`` and ``Arithmetic/precise``.
///
/// Two rows of integers, the planes of a row of x, are two rows to the kernels. Their results go to working memory and are added
/// from there, so that the weights are read once for both, and the sum is the same float on every level and for any number of rows.
struct PackedProduct {
    let layout: qwen_packed
    let inputs: Int
    let groupByteCount: Int
    let planes: Int

    /// The floats of working memory for the planes' results: 16 KiB, half of a first-level cache.
    static let sumCount = 4096

    /// Rows of x whose planes the kernels multiply at a time.
    private static let rowsAtATime = 4

    /// The outputs `range` of y = x Wᵀ.
    ///
    /// - Parameters:
    ///   - groups: the first group of W.
    ///   - range: which columns of y; column 0 belongs to the first row of the first group.
    ///   - x: the rows, in as many planes as the product has.
    ///   - rows: their number.
    ///   - y: [rows, outputs].
    ///   - ldy: the floats from one row of y to the next.
    ///   - sums: ``sumCount`` floats; nil where the product has one plane.
    @inline(__always)
    func apply(
        _ groups: UnsafeRawPointer,
        outputs range: Range<Int>,
        x: PreparedRows,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        sums: UnsafeMutablePointer<Float>?
    ) {
        if planes == 1 {
            let multiply = Kernels.current.packedProduct(layout)
            multiply(groups, inputs, range.lowerBound, range.upperBound, x.integers, x.rowBlocks, rows, y, ldy)
        } else if let sums {
            addPlanes(groups, outputs: range, x: x, rows: rows, y: y, ldy: ldy, sums: sums)
        } else {
            preconditionFailure("a product of two planes needs working memory")
        }
    }

    private func addPlanes(
        _ groups: UnsafeRawPointer,
        outputs range: Range<Int>,
        x: PreparedRows,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int,
        sums: UnsafeMutablePointer<Float>
    ) {
        precondition(x.planes == 2, "the input is not prepared in two planes")
        let multiply = Kernels.current.packedProduct(layout)
        let groupRows = PackedMatrix.groupRows
        let width = Self.sumCount / (2 * min(rows, Self.rowsAtATime)) / groupRows * groupRows
        var start = range.lowerBound
        while start < range.upperBound {
            // Whole groups but for the ends of the range.
            let group = start / groupRows
            let first = start % groupRows
            let end = min(group * groupRows + width, range.upperBound)
            var row = 0
            while row < rows {
                let count = min(Self.rowsAtATime, rows - row)
                multiply(
                    groups + group * groupByteCount,
                    inputs,
                    first,
                    end - group * groupRows,
                    x.integers + row * x.rowBlocks,
                    x.planeBlocks,
                    2 * count,
                    sums,
                    width
                )
                for index in 0..<count {
                    let result = y + ((row + index) * ldy + start)
                    let planes = sums + (2 * index * width + first)
                    result.update(from: planes, count: end - start)
                    Kernels.current.add(planes + width, to: result, count: end - start)
                }
                row += count
            }
            start = end
        }
    }
}
