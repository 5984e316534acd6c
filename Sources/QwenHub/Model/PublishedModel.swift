internal import QwenModel
internal import QwenTensor

/// A model of the family, as its authors publish it.
public struct PublishedModel: Sendable, Hashable {
    /// The name: `Qwen3-8B`.
    public let name: String
    /// How the GGUF files in `Qwen/NAME-GGUF` are stored, the best first. The checkpoint in `Qwen/NAME` is BF16.
    public let quantizations: [PublishedQuantization]

    private let shape: Shape

    /// What the sizes follow from; the rest is the same for all.
    private struct Shape: Hashable {
        let hidden: Int
        let intermediate: Int
        let layers: Int
        let heads: Int
        let keyValueHeads: Int
        let isTied: Bool
        /// With `intermediate` as the width of each.
        var hasExperts = false
    }

    /// The models, the most able first among those that a CPU runs at a usable speed.
    ///
    /// `Qwen3-30B-A3B` reads the weights of 3 billion parameters a token, a tenth of what `Qwen3-32B` reads, so it comes first.
    public static let all: [PublishedModel] = {
        let mixed: [PublishedQuantization] = [.q8_0, .q6_K, .q5_K_M, .q4_K_M]
        func model(_ name: String, _ quantizations: [PublishedQuantization], _ shape: Shape) -> PublishedModel {
            PublishedModel(name: name, quantizations: quantizations, shape: shape)
        }
        func dense(_ hidden: Int, _ wide: Int, _ layers: Int, _ heads: Int, isTied: Bool = false) -> Shape {
            Shape(hidden: hidden, intermediate: wide, layers: layers, heads: heads, keyValueHeads: 8, isTied: isTied)
        }
        func sparse(_ hidden: Int, _ wide: Int, _ layers: Int, _ heads: Int) -> Shape {
            Shape(
                hidden: hidden,
                intermediate: wide,
                layers: layers,
                heads: heads,
                keyValueHeads: 4,
                isTied: false,
                hasExperts: true
            )
        }
        // Qwen3 Technical Report, tables 1 and 2, and the models' config.json.
        return [
            model("Qwen3-235B-A22B", mixed, sparse(4096, 1536, 94, 64)),
            model("Qwen3-30B-A3B", mixed, sparse(2048, 768, 48, 32)),
            model("Qwen3-32B", mixed, dense(5120, 25600, 64, 64)),
            model("Qwen3-14B", mixed, dense(5120, 17408, 40, 40)),
            model("Qwen3-8B", mixed, dense(4096, 12288, 36, 32)),
            model("Qwen3-4B", mixed, dense(2560, 9728, 36, 32, isTied: true)),
            model("Qwen3-1.7B", [.q8_0], dense(2048, 6144, 28, 16, isTied: true)),
            model("Qwen3-0.6B", [.q8_0], dense(1024, 3072, 28, 16, isTied: true)),
        ]
    }()

    /// The model's shape.
    var configuration: ModelConfiguration? {
        let experts =
            shape.hasExperts
            ? """
            "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": true,
            "moe_intermediate_size": \(shape.intermediate),
            """ : ""
        return try? ModelConfiguration(
            parsing: """
                {"model_type": "\(shape.hasExperts ? "qwen3_moe" : "qwen3")", \(experts)
                 "hidden_size": \(shape.hidden), "intermediate_size": \(shape.intermediate),
                 "num_hidden_layers": \(shape.layers), "num_attention_heads": \(shape.heads),
                 "num_key_value_heads": \(shape.keyValueHeads), "head_dim": 128, "vocab_size": 151936,
                 "tie_word_embeddings": \(shape.isTied), "rms_norm_eps": 1e-6, "rope_theta": 1000000,
                 "max_position_embeddings": 40960}
                """
        )
    }

    /// What to ask the Hub for.
    ///
    /// - Parameter quantization: how the weights are to be stored.
    /// - Returns: the repository's name, with the quantisation where it is a GGUF file.
    public func reference(_ quantization: PublishedQuantization) -> String {
        quantization == .bf16 ? "Qwen/\(name)" : "Qwen/\(name)-GGUF:\(quantization.rawValue)"
    }

    /// The bytes that the weights take.
    ///
    /// - Parameter quantization: how the weights are stored.
    /// - Returns: the sum over all tensors, from the model's shape; within a percent of the published file's size.
    public func weightByteCount(_ quantization: PublishedQuantization) -> Int {
        configuration.map { quantization.byteCount(of: $0) } ?? .max
    }

    /// The bytes that the model takes in memory when it runs.
    ///
    /// - Parameters:
    ///   - quantization: how the weights are stored.
    ///   - contextTokens: for how many tokens keys and values are kept, as 16-bit floats.
    /// - Returns: weights, keys and values, and 256 MiB for the work and the vocabulary.
    public func memoryByteCount(_ quantization: PublishedQuantization, contextTokens: Int) -> Int {
        guard let configuration,
            let keyValues = configuration.keyValueByteCount(tokens: contextTokens, storedAs: .float16)
        else { return .max }
        let parts = [quantization.byteCount(of: configuration), keyValues, 256 << 20]
        return parts.reduce(0) { total, part in
            let (sum, overflows) = total.addingReportingOverflow(part)
            return overflows ? .max : sum
        }
    }
}
