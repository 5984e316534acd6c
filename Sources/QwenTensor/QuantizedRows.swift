internal import CQwenKernels

/// Rows of an input as integers, in a slot of a ``LinearScratch``: for each 32 numbers a scale and 8-bit integers.
public struct QuantizedRows {
    let base: UnsafeMutableRawPointer
    /// The blocks of 32 numbers from one row to the next.
    let stride: Int

    @inline(__always)
    var blocks: UnsafeMutablePointer<qwen_quantized> { base.assumingMemoryBound(to: qwen_quantized.self) }

    /// The bytes of a row of so many numbers.
    static func rowByteCount(inputs: Int) -> Int { (inputs + 31) / 32 * MemoryLayout<qwen_quantized>.stride }
}

extension Kernels {
    /// Writes a row of x, whole blocks of 32 numbers, as integers.
    @inline(__always)
    func quantize(_ x: UnsafePointer<Float>, count: Int, into row: QuantizedRows) {
        quantizeRow(x, count, row.blocks)
    }

    /// The outputs `range` of y = x Wᵀ, the same floats on every level and for any number of rows.
    @inline(__always)
    func multiplyPacked(
        _ matrix: PackedMatrix,
        outputs range: Range<Int>,
        x: QuantizedRows,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        packedProduct(matrix.layout)(
            matrix.storage.baseAddress,
            matrix.inputs,
            range.lowerBound,
            range.upperBound,
            x.blocks,
            x.stride,
            rows,
            y,
            ldy
        )
    }
}
