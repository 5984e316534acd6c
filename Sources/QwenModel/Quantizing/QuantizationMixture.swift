// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those that GGUF files go by.

public import QwenTensor

/// Which format each matrix of a quantised model gets.
///
/// The rules are those of llama.cpp's quantiser (`llama_tensor_get_type`), so that files of one name are of one kind: the
/// matrices that suffer most (the output layer, values, the projections back into the residual stream at both ends of the model)
/// get more bits.
public enum QuantizationMixture: String, Sendable, CaseIterable {
    /// 8 bits throughout.
    case q8_0 = "Q8_0"
    /// 4 bits, the output layer 6.
    case q4_0 = "Q4_0"
    /// 4 bits with scales of scales, some matrices of the first layers 5, the output layer 6.
    case q4_K_S = "Q4_K_S"
    /// 4 bits with scales of scales, half of the values and down projections 6, the output layer 6.
    case q4_K_M = "Q4_K_M"
    /// 5 bits with scales of scales, half of the values and down projections 6, the output layer 6.
    case q5_K_M = "Q5_K_M"
    /// 6 bits throughout.
    case q6_K = "Q6_K"

    /// The format of most matrices.
    public var base: BlockFormat {
        switch self {
        case .q8_0: .q8_0
        case .q4_0: .q4_0
        case .q4_K_S, .q4_K_M: .q4_K
        case .q5_K_M: .q5_K
        case .q6_K: .q6_K
        }
    }

    /// `general.file_type` of a file of this mixture. Source: the GGUF specification, `general.file_type`.
    var fileType: UInt32 {
        switch self {
        case .q8_0: 7
        case .q4_0: 2
        case .q4_K_S: 14
        case .q4_K_M: 15
        case .q5_K_M: 17
        case .q6_K: 18
        }
    }

    /// What the rules ask about a model.
    struct Model {
        let layerCount: Int
        let isTied: Bool
        let experts: Int?
        /// Qwen2 with 80 layers shares each value head among eight query heads.
        let sharesValuesEightfold: Bool
    }

    /// The type of a tensor.
    ///
    /// - Parameters:
    ///   - name: the tensor's name in a GGUF file.
    ///   - shape: its dimensions, the slowest first.
    ///   - model: the model.
    /// - Returns: a type that the tensor's rows fill; nil to keep the tensor as it is.
    func elementType(of name: String, shape: [Int], in model: Model) -> ElementType? {
        guard
            shape.count >= 2, name.hasSuffix(".weight"), !name.hasSuffix("_norm.weight"),
            !name.hasSuffix("ffn_gate_inp.weight")
        else { return nil }
        return Self.fitting(format(of: name, in: model), columns: shape[shape.count - 1])
    }

    private func format(of name: String, in model: Model) -> BlockFormat {
        if name == "output.weight" || (name == "token_embd.weight" && model.isTied) {
            return self == .q8_0 ? .q8_0 : .q6_K
        }
        let parts = name.split(separator: ".")
        guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]) else { return base }
        switch parts[2] {
        case "attn_v": return valueFormat(layer: layer, in: model)
        case "ffn_down", "ffn_down_exps", "ffn_down_shexp": return downFormat(layer: layer, in: model)
        case "attn_k", "attn_output": return model.experts == 8 && self != .q8_0 ? eightExperts(parts[2]) : base
        default: return base
        }
    }

    private func valueFormat(layer: Int, in model: Model) -> BlockFormat {
        if model.experts == 8 { return .q8_0 }
        var format = base
        switch self {
        case .q4_K_M, .q5_K_M: if Self.getsMoreBits(layer, of: model.layerCount) { format = .q6_K }
        case .q4_K_S: if layer < 4 { format = .q5_K }
        case .q8_0, .q4_0, .q6_K: break
        }
        return model.sharesValuesEightfold && format == .q4_K ? .q5_K : format
    }

    private func downFormat(layer: Int, in model: Model) -> BlockFormat {
        switch self {
        case .q4_K_M, .q5_K_M: Self.getsMoreBits(layer, of: model.layerCount) ? .q6_K : base
        case .q4_K_S: layer < model.layerCount / 8 ? .q5_K : base
        case .q8_0, .q4_0, .q6_K: base
        }
    }

    private func eightExperts(_ module: Substring) -> BlockFormat {
        if module == "attn_k" { return .q8_0 }
        return self == .q4_K_S || self == .q4_K_M ? .q5_K : base
    }

    /// The first and the last eighth of the layers, and every third between them.
    private static func getsMoreBits(_ layer: Int, of count: Int) -> Bool {
        layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2
    }

    /// A format whose blocks fill rows of this length.
    private static func fitting(_ format: BlockFormat, columns: Int) -> ElementType {
        if columns % format.elementsPerBlock == 0 { return .block(format) }
        let smaller: BlockFormat =
            switch format {
            case .q4_K: .q5_0
            case .q5_K: .q5_1
            default: .q8_0
            }
        return columns % smaller.elementsPerBlock == 0 ? .block(smaller) : .float16
    }
}
