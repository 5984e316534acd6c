internal import CQwenKernels

/// How the numbers of a tensor are stored.
///
/// Every type is made of blocks of `elementsPerBlock` consecutive elements of a row, each `bytesPerBlock` bytes long;
/// for plain numbers a block is one element.
public enum ElementType: Sendable, Hashable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16.
    case float16
    /// The upper half of a binary32.
    case bfloat16
    /// A quantised layout of GGUF files. It can be read, not written element by element.
    case block(BlockFormat)

    /// The types whose elements have an address each.
    public static let plain: [ElementType] = [.float32, .float16, .bfloat16]

    /// Whether each element has an address of its own.
    public var isPlain: Bool {
        if case .block = self { false } else { true }
    }

    /// The number of elements that are stored together.
    public var elementsPerBlock: Int {
        switch self {
        case .float32, .float16, .bfloat16: 1
        case .block(let format): format.elementsPerBlock
        }
    }

    /// The bytes that one block takes.
    public var bytesPerBlock: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .block(let format): format.bytesPerBlock
        }
    }

    /// The alignment in bytes that the kernels need.
    public var alignment: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .block: 1
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
}

extension ElementType: CustomStringConvertible {
    /// The type's name in the formats' specifications: `F32`, `BF16`, `Q4_K`.
    public var description: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .block(let format): format.rawValue
        }
    }
}
