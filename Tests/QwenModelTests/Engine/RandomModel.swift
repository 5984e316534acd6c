import QwenModel
import QwenTensor

/// A tiny model with random weights, made in memory.
struct RandomModel: WeightSource {
    static let configuration: ModelConfiguration = {
        let text = """
            {"model_type": "qwen3", "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
             "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "tie_word_embeddings": true, "hidden_act": "silu"}
            """
        return Array(text.utf8).withUnsafeBytes { try! ModelConfiguration(parsing: $0) }
    }()

    /// A tensor whose first element is NaN.
    var spoilt: String?

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        var state = name.utf8.reduce(UInt64(1_469_598_103_934_665_603)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let count = shape.reduce(1, *)
        let storage = try Storage(byteCount: count * 4) { bytes in
            let floats = bytes.bindMemory(to: Float.self)
            for index in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let uniform = Float(Int32(truncatingIfNeeded: state >> 33)) / Float(1 << 30) - 1
                floats[index] = shape.count == 1 ? 1 + 0.1 * uniform : uniform * 0.4
            }
            if name == spoilt { floats[0] = .nan }
        }
        return try Tensor(elementType: .float32, shape: shape, storage: storage)
    }

    static func engine(
        spoilt: String? = nil,
        _ options: EngineOptions = EngineOptions(threadCount: 2, prefillChunk: 16)
    ) throws -> InferenceEngine {
        try InferenceEngine(ModelWeights(configuration, from: RandomModel(spoilt: spoilt)), options: options)
    }

    /// A prompt of `count` tokens, another for each seed.
    static func prompt(_ count: Int, seed: Int = 0) -> [Int] {
        (0..<count).map { (($0 &+ 1) &* 7919 &+ seed &* 104_729 &+ $0 &* $0 &* 31) % 96 }
    }
}
