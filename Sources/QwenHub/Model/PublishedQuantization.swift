internal import QwenModel
internal import QwenTensor

/// How the weights of a published file are stored.
public enum PublishedQuantization: String, Sendable, Hashable, CaseIterable {
    /// As they were trained: 16 bits each.
    case bf16 = "BF16"
    /// 8.5 bits each.
    case q8_0 = "Q8_0"
    /// 6.56 bits each.
    case q6_K = "Q6_K"
    /// 5.5 bits each, 6.56 for the most sensitive.
    case q5_K_M = "Q5_K_M"
    /// 4.5 bits each, 6.56 for the most sensitive.
    case q4_K_M = "Q4_K_M"

    /// The bytes that a model's weights take so: the sum over its tensors, each in the type that llama.cpp's `quantize` gives
    /// it.
    ///
    /// Norms, biases and routers stay 32-bit floats. In the mixed ones the values' projection and the way down of the
    /// feed-forward network are `Q6_K` in the first and last eighth of the layers and in every third between, and so is the
    /// output layer, or the embedding table where it is both. Source: llama.cpp, `llama_tensor_get_type`.
    func byteCount(of configuration: ModelConfiguration) -> Int {
        func bytes(_ weight: WeightShape, isSensitive: Bool = false) -> Int {
            let count = weight.shape.reduce(1, *)
            guard weight.shape.count == 2, !weight.name.hasSuffix("mlp.gate.weight") else {
                return self == .bf16 ? count * 2 : count * 4
            }
            // Bytes of a block of 256 weights.
            let block =
                switch self {
                case .bf16: 512
                case .q8_0: 272
                case .q6_K: 210
                case .q5_K_M: isSensitive ? 210 : 176
                case .q4_K_M: isSensitive ? 210 : 144
                }
            return count / 256 * block
        }
        var total = bytes(configuration.embeddingWeight, isSensitive: configuration.tieWordEmbeddings)
        total += bytes(configuration.finalNormWeight)
        if let output = configuration.outputWeight { total += bytes(output, isSensitive: true) }
        let layers = configuration.layerCount
        for layer in 0..<layers {
            let eighth = layers / 8
            let isSensitive = layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
            func sum(_ weights: [WeightShape]) -> Int {
                weights.reduce(0) { total, weight in
                    let isOneOfThem =
                        weight.name.hasSuffix("v_proj.weight") || weight.name.hasSuffix("down_proj.weight")
                    return total + bytes(weight, isSensitive: isSensitive && isOneOfThem)
                }
            }
            total += sum(configuration.weights(ofLayer: layer))
            let experts = configuration.mixture?.experts ?? 0
            total += experts * sum(configuration.weights(ofExpert: 0, inLayer: layer))
        }
        return total
    }
}
