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
    /// For each 32 numbers a scale and 16-bit integers.
    public static let integers16 = InputForms(rawValue: 4)
}

/// Rows of an input in the forms that products want, from a slot of a ``LinearScratch`` on.
public struct PreparedRows {
    /// Where the parts of rows of so many numbers lie.
    struct Layout {
        /// Where in a row its 16-bit integers begin, behind the 8-bit ones, and its numbers as bfloat16, behind both.
        let integers16Offset, bfloat16Offset: Int
        /// The bytes from one row to the next: whole blocks of integers, of both kinds if there are both, and whole cache lines.
        let rowByteCount: Int

        init(inputs: Int, forms: InputForms) {
            func bytes(_ form: InputForms, _ count: Int) -> Int { forms.contains(form) ? (count + 63) / 64 * 64 : 0 }
            let blocks = (inputs + 31) / 32
            integers16Offset = bytes(.integers, blocks * MemoryLayout<qwen_quantized>.stride)
            bfloat16Offset = integers16Offset + bytes(.integers16, blocks * MemoryLayout<qwen_quantized16>.stride)
            let count = bfloat16Offset + bytes(.bfloat16, 2 * inputs)
            // Multiples of 64 and of 48, of 80, or of both.
            let unit = !forms.contains(.integers16) ? 192 : !forms.contains(.integers) ? 320 : 960
            rowByteCount = (count + unit - 1) / unit * unit
        }
    }

    let base: UnsafeMutableRawPointer
    let layout: Layout

    /// The rows after so many.
    @inline(__always)
    func advanced(by rows: Int) -> PreparedRows { PreparedRows(base: base + rows * rowByteCount, layout: layout) }

    @inline(__always)
    var integers: UnsafeMutablePointer<qwen_quantized> { base.assumingMemoryBound(to: qwen_quantized.self) }

    @inline(__always)
    var integers16: UnsafeMutablePointer<qwen_quantized16> {
        (base + layout.integers16Offset).assumingMemoryBound(to: qwen_quantized16.self)
    }

    @inline(__always)
    var bfloat16: UnsafeMutablePointer<UInt16> { (base + layout.bfloat16Offset).assumingMemoryBound(to: UInt16.self) }

    /// The bytes from one row to the next.
    @inline(__always)
    var rowByteCount: Int { layout.rowByteCount }

    /// The blocks of 8-bit integers from one row to the next.
    @inline(__always)
    var rowBlocks: Int { layout.rowByteCount / MemoryLayout<qwen_quantized>.stride }

    /// The blocks of 16-bit integers from one row to the next.
    @inline(__always)
    var rowBlocks16: Int { layout.rowByteCount / MemoryLayout<qwen_quantized16>.stride }
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
