internal import CQwenKernels

/// The type in which attention's keys and values are kept.
public enum KeyValueType: Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16.
    case float16
    /// The upper half of a binary32.
    case bfloat16
    /// 8-bit integers; each 32 dimensions of a head's key or value share a binary16 scale, as in GGUF's Q8_0. Little more than half
    /// of `float16`'s memory.
    ///
    /// They are rounded as gguf rounds. Where 32 does not divide the head dimension, the last dimensions
    /// have a scale of their own.
    case int8

    /// The bytes of a head's key, or of its value, at one position.
    ///
    /// - Parameter headDimension: the length of a head, positive and far from the limits of `Int`.
    /// - Returns: the number of bytes.
    public func rowByteCount(headDimension: Int) -> Int {
        switch self {
        case .float32: 4 * headDimension
        case .float16, .bfloat16: 2 * headDimension
        case .int8: qwen_q8_row_bytes(headDimension)
        }
    }
}

extension KeyValueType: CustomStringConvertible {
    /// The type's name in the formats' specifications: `F32`, `F16`, `BF16`, `Q8_0`.
    public var description: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .int8: "Q8_0"
        }
    }
}
