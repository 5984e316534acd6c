internal import CQwenKernels

/// The forms, besides floats, in which products want their inputs.
public struct InputForms: OptionSet, Sendable {
    /// One bit for each form.
    public let rawValue: UInt8

    /// Chooses forms by their bits.
    ///
    /// - Parameter rawValue: one bit for each form.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// For each 32 numbers a scale and 8-bit integers.
    public static let integers = InputForms(rawValue: 1)
    /// Rounded to bfloat16.
    public static let bfloat16 = InputForms(rawValue: 2)
}

/// Rows of an input in the forms that products want, from a slot of a ``LinearScratch`` on.
public struct PreparedRows {
    let base: UnsafeMutableRawPointer
    /// The bytes from one row to the next.
    let rowByteCount: Int
    /// Where in a row its numbers as bfloat16 begin.
    let bfloat16Offset: Int

    @inline(__always)
    var integers: UnsafeMutablePointer<qwen_quantized> { base.assumingMemoryBound(to: qwen_quantized.self) }

    @inline(__always)
    var bfloat16: UnsafeMutablePointer<UInt16> { (base + bfloat16Offset).assumingMemoryBound(to: UInt16.self) }

    /// The blocks of integers from one row to the next: rows are whole numbers of them.
    @inline(__always)
    var blockStride: Int { rowByteCount / MemoryLayout<qwen_quantized>.stride }

    /// The bytes of rows of so many numbers in some forms, and where the second form begins. Both are multiples of 192, so that
    /// rows are whole blocks of integers and whole cache lines.
    static func size(inputs: Int, forms: InputForms) -> (rowByteCount: Int, bfloat16Offset: Int) {
        let integers = forms.contains(.integers) ? (inputs + 31) / 32 * MemoryLayout<qwen_quantized>.stride : 0
        let offset = (integers + 191) / 192 * 192
        return (offset + (forms.contains(.bfloat16) ? (2 * inputs + 191) / 192 * 192 : 0), offset)
    }
}

extension Kernels {
    /// y = x Wᵀ for BF16 weights and inputs.
    @inline(__always)
    func multiplyBFloat16(
        _ w: UnsafeRawPointer,
        rowByteCount: Int,
        rows: Int,
        k: Int,
        x: PreparedRows,
        m: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        bfloat16Product(w, rowByteCount, rows, k, x.bfloat16, x.rowByteCount / 2, m, y, ldy)
    }

    /// The outputs `range` of y = x Wᵀ, the same floats on every level and for any number of rows.
    @inline(__always)
    func multiplyPacked(
        _ matrix: PackedMatrix,
        outputs range: Range<Int>,
        x: PreparedRows,
        rows: Int,
        y: UnsafeMutablePointer<Float>,
        ldy: Int
    ) {
        packedProduct(matrix.layout)(
            matrix.storage.baseAddress,
            matrix.inputs,
            range.lowerBound,
            range.upperBound,
            x.integers,
            x.blockStride,
            rows,
            y,
            ldy
        )
    }
}
