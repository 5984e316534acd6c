internal import QwenTensor

extension ModelWeights {
    /// The same weights with other updates beside them; the matrices themselves are shared, not copied.
    ///
    /// - Parameter adapters: the adapters, which replace those that are attached; none for the model as it was.
    /// - Returns: weights to start an engine with.
    /// - Throws: ``AdapterError``, which names the module.
    public func with(_ adapters: [AttachedAdapter]) throws(AdapterError) -> ModelWeights {
        for attached in adapters where !attached.weight.isFinite { throw .invalidWeight(attached.weight) }
        var factors: [String: [LowRankUpdate.Factors]] = [:]
        for attached in adapters {
            for update in attached.adapter.updates {
                let own = update.factors
                factors[update.module, default: []].append(
                    LowRankUpdate.Factors(down: own.down, up: own.up, scale: own.scale * attached.weight)
                )
            }
        }
        var changes = UpdatedMatrices(factors: factors)
        let layers = try layers.enumerated().map { (index, layer) throws(AdapterError) in
            try changes.layer(layer, prefix: "model.layers.\(index).")
        }
        let head = try changes.matrix(head, "lm_head")
        if let unused = changes.unused { throw .noSuchModule(unused) }
        return ModelWeights(self, head: head, layers: layers)
    }
}

/// Puts updates to matrices, and knows which have found theirs.
private struct UpdatedMatrices {
    private var factors: [String: [LowRankUpdate.Factors]]

    init(factors: [String: [LowRankUpdate.Factors]]) {
        self.factors = factors
    }

    /// A module that no matrix belongs to; the first by name.
    var unused: String? { factors.keys.min { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    mutating func matrix(_ matrix: LinearWeights, _ module: String) throws(AdapterError) -> LinearWeights {
        guard let own = factors.removeValue(forKey: module) else { return matrix.updated(by: nil) }
        for pair in own where pair.down.shape[1] != matrix.inputs || pair.up.shape[0] != matrix.outputs {
            throw .doesNotFit(
                module: module,
                outputs: matrix.outputs,
                inputs: matrix.inputs,
                found: [pair.up.shape[0], pair.down.shape[1]]
            )
        }
        do {
            return matrix.updated(by: try LowRankUpdate(own, outputs: matrix.outputs, inputs: matrix.inputs))
        } catch {
            throw .update(module: module, "\(error)")
        }
    }

    mutating func layer(_ layer: LayerWeights, prefix: String) throws(AdapterError) -> LayerWeights {
        let attention = prefix + "self_attn."
        return LayerWeights(
            inputNorm: layer.inputNorm,
            query: try matrix(layer.query, attention + "q_proj"),
            key: try matrix(layer.key, attention + "k_proj"),
            value: try matrix(layer.value, attention + "v_proj"),
            output: try matrix(layer.output, attention + "o_proj"),
            queryNorm: layer.queryNorm,
            keyNorm: layer.keyNorm,
            feedForwardNorm: layer.feedForwardNorm,
            feedForward: try feedForward(layer.feedForward, prefix: prefix + "mlp.")
        )
    }

    private mutating func feedForward(
        _ weights: FeedForwardWeights,
        prefix: String
    ) throws(AdapterError) -> FeedForwardWeights {
        switch weights {
        case .dense(let block):
            return .dense(try self.block(block, prefix: prefix))
        case .mixture(let router, let experts, let shared):
            var changed: [GatedBlockWeights] = []
            changed.reserveCapacity(experts.count)
            for (index, expert) in experts.enumerated() {
                changed.append(try block(expert, prefix: prefix + "experts.\(index)."))
            }
            return .mixture(
                router: try matrix(router, prefix + "gate"),
                experts: changed,
                shared: try shared.map { shared throws(AdapterError) in
                    SharedExpertWeights(
                        gate: try matrix(shared.gate, prefix + "shared_expert_gate"),
                        block: try block(shared.block, prefix: prefix + "shared_expert.")
                    )
                }
            )
        }
    }

    private mutating func block(_ block: GatedBlockWeights, prefix: String) throws(AdapterError) -> GatedBlockWeights {
        GatedBlockWeights(
            gate: try matrix(block.gate, prefix + "gate_proj"),
            up: try matrix(block.up, prefix + "up_proj"),
            down: try matrix(block.down, prefix + "down_proj")
        )
    }
}
