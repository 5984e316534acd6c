// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of the format's specification.

internal import CQwenKernels

/// The quantised layouts of GGUF files: blocks of 32 or 256 consecutive elements of a row that share scales.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `ggml_type`.
public enum BlockFormat: String, Sendable, Hashable, CaseIterable {
    /// 8 bits, one scale for 32 elements.
    case q8_0 = "Q8_0"
    /// 4 bits, one scale for 32 elements.
    case q4_0 = "Q4_0"
    /// 4 bits, a scale and a minimum for 32 elements.
    case q4_1 = "Q4_1"
    /// 5 bits, one scale for 32 elements.
    case q5_0 = "Q5_0"
    /// 5 bits, a scale and a minimum for 32 elements.
    case q5_1 = "Q5_1"
    /// 2 bits, scales and minima of 4 bits for 16 elements.
    case q2_K = "Q2_K"
    /// 3 bits, scales of 6 bits for 16 elements.
    case q3_K = "Q3_K"
    /// 4 bits, scales and minima of 6 bits for 32 elements.
    case q4_K = "Q4_K"
    /// 5 bits, scales and minima of 6 bits for 32 elements.
    case q5_K = "Q5_K"
    /// 6 bits, scales of 8 bits for 16 elements.
    case q6_K = "Q6_K"
    /// 4 bits that choose from 16 unevenly spaced values, one scale for 32 elements.
    case iq4_NL = "IQ4_NL"
    /// As `iq4_NL`, scales of 6 bits for 32 elements.
    case iq4_XS = "IQ4_XS"
    /// 4-bit floats (E2M1) with a power of two for 32 elements. Source: OCP Microscaling Formats 1.0.
    case mxfp4 = "MXFP4"
    /// 2.06 bits: 8 elements from a codebook of 256, scales of 4 bits for 32 elements.
    case iq2_XXS = "IQ2_XXS"
    /// 2.31 bits: 8 elements from a codebook of 512, scales of 4 bits for 16 elements.
    case iq2_XS = "IQ2_XS"
    /// 2.56 bits: 8 elements from a codebook of 1,024, scales of 4 bits for 16 elements.
    case iq2_S = "IQ2_S"
    /// 3.06 bits: 4 elements from a codebook of 256, scales of 4 bits for 32 elements.
    case iq3_XXS = "IQ3_XXS"
    /// 3.44 bits: 4 elements from a codebook of 512, scales of 4 bits for 32 elements.
    case iq3_S = "IQ3_S"
    /// 1.56 bits: 8 elements from a codebook of 2,048, scales of 3 bits for 32 elements.
    case iq1_S = "IQ1_S"
    /// 1.75 bits: as `iq1_S`, scales of 3 bits for 16 elements.
    case iq1_M = "IQ1_M"
    /// Ternary, five elements in a byte.
    case tq1_0 = "TQ1_0"
    /// Ternary, four elements in a byte.
    case tq2_0 = "TQ2_0"

    var kernelBlock: qwen_block {
        switch self {
        case .q8_0: QWEN_BLOCK_Q8_0
        case .q4_0: QWEN_BLOCK_Q4_0
        case .q4_1: QWEN_BLOCK_Q4_1
        case .q5_0: QWEN_BLOCK_Q5_0
        case .q5_1: QWEN_BLOCK_Q5_1
        case .q2_K: QWEN_BLOCK_Q2_K
        case .q3_K: QWEN_BLOCK_Q3_K
        case .q4_K: QWEN_BLOCK_Q4_K
        case .q5_K: QWEN_BLOCK_Q5_K
        case .q6_K: QWEN_BLOCK_Q6_K
        case .iq4_NL: QWEN_BLOCK_IQ4_NL
        case .iq4_XS: QWEN_BLOCK_IQ4_XS
        case .mxfp4: QWEN_BLOCK_MXFP4
        case .iq2_XXS: QWEN_BLOCK_IQ2_XXS
        case .iq2_XS: QWEN_BLOCK_IQ2_XS
        case .iq2_S: QWEN_BLOCK_IQ2_S
        case .iq3_XXS: QWEN_BLOCK_IQ3_XXS
        case .iq3_S: QWEN_BLOCK_IQ3_S
        case .iq1_S: QWEN_BLOCK_IQ1_S
        case .iq1_M: QWEN_BLOCK_IQ1_M
        case .tq1_0: QWEN_BLOCK_TQ1_0
        case .tq2_0: QWEN_BLOCK_TQ2_0
        }
    }

    /// The number of elements that are stored together: 32 or 256.
    public var elementsPerBlock: Int { qwen_block_elements(kernelBlock) }

    /// The bytes that one block takes.
    public var bytesPerBlock: Int { qwen_block_bytes(kernelBlock) }
}
