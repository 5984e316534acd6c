// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of the format's specification.

public import QwenTensor

/// How a tensor's numbers are stored in a GGUF file, by the format's own numbers.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `ggml_type`.
public enum GGUFTensorType: UInt32, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case f32 = 0
    /// IEEE 754 binary16.
    case f16 = 1
    /// ``BlockFormat/q4_0``
    case q4_0 = 2
    /// ``BlockFormat/q4_1``
    case q4_1 = 3
    /// ``BlockFormat/q5_0``
    case q5_0 = 6
    /// ``BlockFormat/q5_1``
    case q5_1 = 7
    /// ``BlockFormat/q8_0``
    case q8_0 = 8
    /// 8 bits with the sum of the elements; for activations, not for files.
    case q8_1 = 9
    /// ``BlockFormat/q2_K``
    case q2_K = 10
    /// ``BlockFormat/q3_K``
    case q3_K = 11
    /// ``BlockFormat/q4_K``
    case q4_K = 12
    /// ``BlockFormat/q5_K``
    case q5_K = 13
    /// ``BlockFormat/q6_K``
    case q6_K = 14
    /// 8 bits with sums, 256 elements; for activations, not for files.
    case q8_K = 15
    /// ``BlockFormat/iq2_XXS``
    case iq2_XXS = 16
    /// ``BlockFormat/iq2_XS``
    case iq2_XS = 17
    /// ``BlockFormat/iq3_XXS``
    case iq3_XXS = 18
    /// ``BlockFormat/iq1_S``
    case iq1_S = 19
    /// ``BlockFormat/iq4_NL``
    case iq4_NL = 20
    /// ``BlockFormat/iq3_S``
    case iq3_S = 21
    /// ``BlockFormat/iq2_S``
    case iq2_S = 22
    /// ``BlockFormat/iq4_XS``
    case iq4_XS = 23
    /// Signed 8-bit integers.
    case i8 = 24
    /// Signed 16-bit integers.
    case i16 = 25
    /// Signed 32-bit integers.
    case i32 = 26
    /// Signed 64-bit integers.
    case i64 = 27
    /// IEEE 754 binary64.
    case f64 = 28
    /// ``BlockFormat/iq1_M``
    case iq1_M = 29
    /// The upper half of a binary32.
    case bf16 = 30
    /// ``BlockFormat/tq1_0``
    case tq1_0 = 34
    /// ``BlockFormat/tq2_0``
    case tq2_0 = 35
    /// ``BlockFormat/mxfp4``
    case mxfp4 = 39
    /// 4-bit floats with 8-bit float scales for 16 elements, and a scale for the tensor in another tensor.
    case nvfp4 = 40
    /// 1 bit, one scale for 128 elements.
    case q1_0 = 41

    /// The type to compute with, or nil where there is none.
    public var elementType: ElementType? {
        switch self {
        case .f32: .float32
        case .f16: .float16
        case .bf16: .bfloat16
        case .q4_0: .block(.q4_0)
        case .q4_1: .block(.q4_1)
        case .q5_0: .block(.q5_0)
        case .q5_1: .block(.q5_1)
        case .q8_0: .block(.q8_0)
        case .q2_K: .block(.q2_K)
        case .q3_K: .block(.q3_K)
        case .q4_K: .block(.q4_K)
        case .q5_K: .block(.q5_K)
        case .q6_K: .block(.q6_K)
        case .iq1_S: .block(.iq1_S)
        case .iq1_M: .block(.iq1_M)
        case .iq2_XXS: .block(.iq2_XXS)
        case .iq2_XS: .block(.iq2_XS)
        case .iq2_S: .block(.iq2_S)
        case .iq3_XXS: .block(.iq3_XXS)
        case .iq3_S: .block(.iq3_S)
        case .iq4_NL: .block(.iq4_NL)
        case .iq4_XS: .block(.iq4_XS)
        case .tq1_0: .block(.tq1_0)
        case .tq2_0: .block(.tq2_0)
        case .mxfp4: .block(.mxfp4)
        case .q8_1, .q8_K, .i8, .i16, .i32, .i64, .f64, .nvfp4, .q1_0: nil
        }
    }

    /// The elements and the bytes of a block; for plain numbers a block is one element.
    public var block: (elements: Int, bytes: Int) {
        switch self {
        case .q8_1: (32, 36)
        case .q8_K: (256, 292)
        case .i8: (1, 1)
        case .i16: (1, 2)
        case .i32: (1, 4)
        case .i64, .f64: (1, 8)
        case .nvfp4: (64, 36)
        case .q1_0: (128, 18)
        default: (elementType?.elementsPerBlock ?? 1, elementType?.bytesPerBlock ?? 1)
        }
    }
}

extension GGUFTensorType: CustomStringConvertible {
    /// The type's name in the specification: `F32`, `Q4_K`.
    public var description: String {
        switch self {
        case .q8_1: "Q8_1"
        case .q8_K: "Q8_K"
        case .i8: "I8"
        case .i16: "I16"
        case .i32: "I32"
        case .i64: "I64"
        case .f64: "F64"
        case .nvfp4: "NVFP4"
        case .q1_0: "Q1_0"
        default: elementType?.description ?? "\(rawValue)"
        }
    }
}
