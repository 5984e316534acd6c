public import QwenTensor

/// The types of numbers that the safetensors format knows, by the format's own words.
///
/// Source: the safetensors crate, `Dtype`.
public enum SafetensorsElementType: String, Sendable, CaseIterable {
    /// Booleans, one byte each.
    case bool = "BOOL"
    /// 4-bit floating point (E2M1).
    case float4 = "F4"
    /// 6-bit floating point (E2M3).
    case float6E2M3 = "F6_E2M3"
    /// 6-bit floating point (E3M2).
    case float6E3M2 = "F6_E3M2"
    /// Unsigned 8-bit integers.
    case uint8 = "U8"
    /// Signed 8-bit integers.
    case int8 = "I8"
    /// 8-bit floating point (E5M2).
    case float8E5M2 = "F8_E5M2"
    /// 8-bit floating point (E4M3).
    case float8E4M3 = "F8_E4M3"
    /// 8-bit exponents.
    case float8E8M0 = "F8_E8M0"
    /// Signed 16-bit integers.
    case int16 = "I16"
    /// Unsigned 16-bit integers.
    case uint16 = "U16"
    /// IEEE 754 binary16.
    case float16 = "F16"
    /// The upper half of a binary32.
    case bfloat16 = "BF16"
    /// Signed 32-bit integers.
    case int32 = "I32"
    /// Unsigned 32-bit integers.
    case uint32 = "U32"
    /// IEEE 754 binary32.
    case float32 = "F32"
    /// Complex numbers of two binary32.
    case complex64 = "C64"
    /// IEEE 754 binary64.
    case float64 = "F64"
    /// Signed 64-bit integers.
    case int64 = "I64"
    /// Unsigned 64-bit integers.
    case uint64 = "U64"

    /// The bits that one number takes.
    public var bitCount: Int {
        switch self {
        case .float4: 4
        case .float6E2M3, .float6E3M2: 6
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// The type to compute with, or nil where there is none.
    public var elementType: ElementType? {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        default: nil
        }
    }
}
