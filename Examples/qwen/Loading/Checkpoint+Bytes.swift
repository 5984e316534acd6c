import Qwen

extension Checkpoint {
    /// Bytes of the weights that one step of decoding reads: all but the experts that are not chosen, and of the embedding
    /// table, where it is not the output layer too, a single row, which is not counted.
    var bytesPerToken: Int {
        var total = bytes(configuration.outputWeight ?? configuration.embeddingWeight)
        total += bytes(configuration.finalNormWeight)
        for layer in 0..<configuration.layerCount {
            total += configuration.weights(ofLayer: layer).reduce(0) { $0 + bytes($1) }
            let expert = configuration.weights(ofExpert: 0, inLayer: layer).reduce(0) { $0 + bytes($1) }
            total += expert * (configuration.mixture?.expertsPerToken ?? 0)
        }
        return total
    }

    private func bytes(_ weight: WeightShape) -> Int {
        byteCount(of: weight)
    }
}
