extension ModelConfiguration {
    /// The embedding table, [``vocabularySize``, ``hiddenSize``].
    public var embeddingWeight: WeightShape {
        WeightShape("model.embed_tokens.weight", [vocabularySize, hiddenSize])
    }

    /// The output layer, [``vocabularySize``, ``hiddenSize``], or nil where it shares the embedding table.
    public var outputWeight: WeightShape? {
        tieWordEmbeddings ? nil : WeightShape("lm_head.weight", [vocabularySize, hiddenSize])
    }

    /// The norm before the output layer, [``hiddenSize``].
    public var finalNormWeight: WeightShape {
        WeightShape("model.norm.weight", [hiddenSize])
    }

    /// The weights of one layer but for those of its experts.
    ///
    /// - Parameter layer: the layer, counted from 0.
    /// - Returns: the norms, the attention's projections, biases and norms, and the feed-forward network, or the router and the
    ///   expert that every token passes through.
    public func weights(ofLayer layer: Int) -> [WeightShape] {
        let prefix = "model.layers.\(layer)."
        let queries = attentionHeads * headDimension
        let keys = keyValueHeads * headDimension
        var weights = [
            WeightShape(prefix + "input_layernorm.weight", [hiddenSize]),
            WeightShape(prefix + "self_attn.q_proj.weight", [queries, hiddenSize]),
            WeightShape(prefix + "self_attn.k_proj.weight", [keys, hiddenSize]),
            WeightShape(prefix + "self_attn.v_proj.weight", [keys, hiddenSize]),
            WeightShape(prefix + "self_attn.o_proj.weight", [hiddenSize, queries]),
            WeightShape(prefix + "post_attention_layernorm.weight", [hiddenSize]),
        ]
        if hasQueryKeyValueBias {
            weights += [
                WeightShape(prefix + "self_attn.q_proj.bias", [queries]),
                WeightShape(prefix + "self_attn.k_proj.bias", [keys]),
                WeightShape(prefix + "self_attn.v_proj.bias", [keys]),
            ]
        }
        if hasAttentionOutputBias { weights.append(WeightShape(prefix + "self_attn.o_proj.bias", [hiddenSize])) }
        if hasQueryKeyNorm {
            weights += [
                WeightShape(prefix + "self_attn.q_norm.weight", [headDimension]),
                WeightShape(prefix + "self_attn.k_norm.weight", [headDimension]),
            ]
        }
        if let mixture = mixture, mixture.isSparse(layer: layer) {
            weights.append(WeightShape(prefix + "mlp.gate.weight", [mixture.experts, hiddenSize]))
            if let width = mixture.sharedIntermediateSize {
                weights.append(WeightShape(prefix + "mlp.shared_expert_gate.weight", [1, hiddenSize]))
                weights += feedForward(prefix + "mlp.shared_expert.", width)
            }
        } else {
            weights += feedForward(prefix + "mlp.", intermediateSize)
        }
        return weights
    }

    /// The weights of one expert of a sparse layer: gate and up, [width, ``hiddenSize``], and down,
    /// [``hiddenSize``, width].
    ///
    /// - Parameters:
    ///   - expert: the expert, counted from 0.
    ///   - layer: the layer, counted from 0.
    /// - Returns: the three weights; none in a dense layer.
    public func weights(ofExpert expert: Int, inLayer layer: Int) -> [WeightShape] {
        guard let mixture = mixture, mixture.isSparse(layer: layer) else { return [] }
        return feedForward("model.layers.\(layer).mlp.experts.\(expert).", mixture.intermediateSize)
    }

    private func feedForward(_ prefix: String, _ width: Int) -> [WeightShape] {
        [
            WeightShape(prefix + "gate_proj.weight", [width, hiddenSize]),
            WeightShape(prefix + "up_proj.weight", [width, hiddenSize]),
            WeightShape(prefix + "down_proj.weight", [hiddenSize, width]),
        ]
    }

    /// Calls a closure with every weight of the model, one after another, until it says to stop.
    ///
    /// - Parameter body: takes a weight and returns whether to go on.
    package func forEachWeight(_ body: (WeightShape) -> Bool) {
        for weight in [embeddingWeight, finalNormWeight, outputWeight].compactMap(\.self) where !body(weight) { return }
        for layer in 0..<layerCount {
            for weight in weights(ofLayer: layer) where !body(weight) { return }
            guard let mixture = mixture, mixture.isSparse(layer: layer) else { continue }
            for expert in 0..<mixture.experts {
                for weight in weights(ofExpert: expert, inLayer: layer) where !body(weight) { return }
            }
        }
    }
}
