internal import CQwenKernels

/// How the numbers of a tensor are stored.
///
/// Every type is made of blocks of `elementsPerBlock` consecutive elements of a row, each `bytesPerBlock` bytes long;
/// for plain numbers a block is one element.
public enum ElementType: Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16.
    case float16
    /// The upper half of a binary32.
    case bfloat16

    /// The number of elements that are stored together.
    public var elementsPerBlock: Int {
        switch self {
        case .float32, .float16, .bfloat16: 1
        }
    }

    /// The bytes that one block takes.
    public var bytesPerBlock: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        }
    }

    /// The alignment in bytes that the kernels need.
    public var alignment: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        }
    }

    /// The bytes that a row of `columns` elements takes; nil when they do not fill whole blocks or overflow.
    ///
    /// - Complexity: O(1)
    public func rowByteCount(columns: Int) -> Int? {
        guard columns >= 0, columns % elementsPerBlock == 0 else { return nil }
        let (bytes, overflow) = (columns / elementsPerBlock).multipliedReportingOverflow(by: bytesPerBlock)
        return overflow ? nil : bytes
    }

    var kernelType: qwen_type {
        switch self {
        case .float32: QWEN_TYPE_F32
        case .float16: QWEN_TYPE_F16
        case .bfloat16: QWEN_TYPE_BF16
        }
    }
}
