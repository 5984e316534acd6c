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
    /// What ``integers`` leave of the numbers, as integers too; only beside them.
    public static let residuals = InputForms(rawValue: 4)

    /// What a product with packed weights wants.
    ///
    /// - Parameter planes: the rows of integers for each row of its input.
    init(planes: Int) { self = planes > 1 ? [.integers, .residuals] : .integers }
}

/// Rows of an input in the forms that products want, from a slot of a ``LinearScratch`` on.
///
/// A row is one plane or two, at a distance that is the same within rows and between them, so that the kernels see planes as rows.
public struct PreparedRows {
    /// Where the parts of rows of so many numbers lie.
    struct Layout {
        /// The planes of integers of a row.
        let planes: Int
        /// The bytes from one plane to the next: a multiple of 192, so that planes are whole blocks of integers and whole cache
        /// lines.
        let planeByteCount: Int
        /// Where in a row its numbers as bfloat16 begin: behind the first plane's integers.
        let bfloat16Offset: Int

        /// The bytes from one row to the next.
        @inline(__always)
        var rowByteCount: Int { planes * planeByteCount }

        init(inputs: Int, forms: InputForms) {
            let integers = forms.contains(.integers) ? (inputs + 31) / 32 * MemoryLayout<qwen_quantized>.stride : 0
            planes = forms.contains(.residuals) ? 2 : 1
            bfloat16Offset = (integers + 191) / 192 * 192
            planeByteCount = bfloat16Offset + (forms.contains(.bfloat16) ? (2 * inputs + 191) / 192 * 192 : 0)
        }
    }

    let base: UnsafeMutableRawPointer
    let layout: Layout

    @inline(__always)
    var planes: Int { layout.planes }

    @inline(__always)
    var integers: UnsafeMutablePointer<qwen_quantized> { base.assumingMemoryBound(to: qwen_quantized.self) }

    /// The second plane of the first row.
    @inline(__always)
    var residuals: UnsafeMutablePointer<qwen_quantized> { integers + planeBlocks }

    @inline(__always)
    var bfloat16: UnsafeMutablePointer<UInt16> { (base + layout.bfloat16Offset).assumingMemoryBound(to: UInt16.self) }

    /// The bytes from one row to the next.
    @inline(__always)
    var rowByteCount: Int { layout.rowByteCount }

    /// The blocks of integers from one row to the next.
    @inline(__always)
    var rowBlocks: Int { layout.rowByteCount / MemoryLayout<qwen_quantized>.stride }

    /// The blocks of integers from one plane to the next.
    @inline(__always)
    var planeBlocks: Int { layout.planeByteCount / MemoryLayout<qwen_quantized>.stride }
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
}
