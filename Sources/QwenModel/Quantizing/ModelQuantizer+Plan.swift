import QwenTensor

extension ModelQuantizer {
    private func rules(tied: Bool, experts: Int?, layers: Int, isQwen2: Bool) -> QuantizationMixture.Model {
        QuantizationMixture.Model(
            layerCount: layers,
            isTied: tied,
            experts: experts,
            sharesValuesEightfold: isQwen2 && layers == 80
        )
    }

    private static func type(_ element: ElementType) -> GGUFTensorType {
        GGUFTensorType.allCases.first { $0.elementType == element } ?? .f32
    }

    /// The tensors of a GGUF file, the matrices among them quantised.
    func ggufItems(_ model: GGUFModel) throws(QuantizingError) -> [QuantizingItem] {
        let rules = rules(
            tied: model.tensor("output.weight") == nil,
            experts: checkpoint.configuration.mixture?.experts,
            layers: checkpoint.configuration.layerCount,
            isQwen2: model.architectureName == "qwen2"
        )
        var items: [QuantizingItem] = []
        for tensor in model.tensors {
            guard let (file, _) = model.tensor(tensor.name) else { continue }
            let wanted = mixture.elementType(of: tensor.name, shape: tensor.shape, in: rules)
            if wanted != nil, tensor.type.elementType?.isPlain != true {
                throw .alreadyQuantized(tensor: tensor.name, type: tensor.type.description)
            }
            items.append(
                QuantizingItem(
                    name: tensor.name,
                    shape: tensor.shape,
                    type: wanted.map(Self.type) ?? tensor.type,
                    sources: [.stored(file, tensor)]
                )
            )
        }
        return items
    }

    /// The weights of a folder, by the names and in the order of GGUF files.
    func folderItems() throws(QuantizingError) -> [QuantizingItem] {
        let configuration = checkpoint.configuration
        let rules = rules(
            tied: configuration.tieWordEmbeddings,
            experts: configuration.mixture?.experts,
            layers: configuration.layerCount,
            isQwen2: configuration.architecture == .qwen2
        )
        var items: [QuantizingItem] = []
        func add(_ name: String, _ shape: [Int], _ sources: [QuantizingSource]) {
            let wanted = mixture.elementType(of: name, shape: shape, in: rules)
            items.append(
                QuantizingItem(name: name, shape: shape, type: wanted.map(Self.type) ?? .f32, sources: sources)
            )
        }
        func add(_ weight: WeightShape, as name: String) {
            add(name, weight.shape, [weight.shape.count == 1 ? .vector(weight) : .matrix(weight)])
        }
        if checkpoint.configuration.quantization != nil {
            throw .alreadyQuantized(tensor: "config.json", type: "quantised matrices")
        }
        if let mixture = configuration.mixture {
            // Readers take all layers for sparse, and the weights for what they are in the published models.
            if configuration.hasDenseLayers { throw .notExpressible(key: "mlp_only_layers") }
            guard mixture.normalizesTopK == (configuration.architecture == .qwen3MoE) else {
                throw .notExpressible(key: "norm_topk_prob")
            }
        }
        add(configuration.embeddingWeight, as: "token_embd.weight")
        for layer in 0..<configuration.layerCount {
            for weight in configuration.weights(ofLayer: layer) {
                let name = GGUFModel.fileName(ofLayerWeight: weight.name)
                if name.hasSuffix(".ffn_gate_inp_shexp.weight") {
                    // One row, which the format keeps as a vector of floats.
                    add(name, [configuration.hiddenSize], [.matrix(weight)])
                } else {
                    add(weight, as: name)
                }
            }
            guard let mixture = configuration.mixture, mixture.isSparse(layer: layer) else { continue }
            // A layer's experts are one tensor for each projection.
            let experts = (0..<mixture.experts).map { configuration.weights(ofExpert: $0, inLayer: layer) }
            for (index, first) in experts[0].enumerated() {
                let projection = first.name.split(separator: ".").dropLast().last.map(String.init) ?? ""
                let stem = ["gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"][projection] ?? ""
                add(
                    "blk.\(layer).\(stem)_exps.weight",
                    [mixture.experts] + first.shape,
                    experts.map { .matrix($0[index]) }
                )
            }
        }
        add(configuration.finalNormWeight, as: "output_norm.weight")
        if let output = configuration.outputWeight { add(output, as: "output.weight") }
        return items
    }

    /// The file's metadata.
    func metadata(_ vocabulary: [GGUFFile.Entry]) -> [GGUFFile.Entry] {
        func entry(_ key: String, _ value: GGUFValue) -> GGUFFile.Entry { GGUFFile.Entry(key: key, value: value) }
        let own = [
            entry("general.file_type", .unsigned(UInt64(mixture.fileType))),
            entry("general.quantization_version", .unsigned(2)),
        ]
        if let model = checkpoint.gguf {
            let replaced = Set(own.map(\.key) + ["general.alignment"])
            return model.metadata.filter { !replaced.contains($0.key) && !$0.key.hasPrefix("split.") } + own
        }
        let shape = checkpoint.configuration
        let architecture =
            switch shape.architecture {
            case .qwen2: "qwen2"
            case .qwen3: "qwen3"
            case .qwen2MoE: "qwen2moe"
            case .qwen3MoE: "qwen3moe"
            }
        func number(_ key: String, _ value: Int) -> GGUFFile.Entry {
            entry("\(architecture).\(key)", .unsigned(UInt64(value)))
        }
        func real(_ key: String, _ value: Double) -> GGUFFile.Entry {
            entry("\(architecture).\(key)", .float(Double(Float(value))))
        }
        var entries = [
            entry("general.architecture", .string(architecture)),
            entry("general.type", .string("model")),
            number("block_count", shape.layerCount),
            number("context_length", shape.contextLength),
            number("embedding_length", shape.hiddenSize),
            number("feed_forward_length", shape.intermediateSize),
            number("attention.head_count", shape.attentionHeads),
            number("attention.head_count_kv", shape.keyValueHeads),
            real("rope.freq_base", shape.ropeTheta),
            real("attention.layer_norm_rms_epsilon", shape.rmsNormEpsilon),
            number("attention.key_length", shape.headDimension),
            number("attention.value_length", shape.headDimension),
        ]
        if let mixture = shape.mixture {
            entries += [
                number("expert_count", mixture.experts),
                number("expert_used_count", mixture.expertsPerToken),
                number("expert_feed_forward_length", mixture.intermediateSize),
            ]
            if let width = mixture.sharedIntermediateSize {
                entries.append(number("expert_shared_feed_forward_length", width))
            }
        }
        if let yarn = shape.yarn {
            entries += [
                entry("\(architecture).rope.scaling.type", .string("yarn")),
                real("rope.scaling.factor", yarn.factor),
                number("rope.scaling.original_context_length", yarn.originalContextLength),
            ]
        }
        return entries + vocabulary + own
    }
}

extension GGUFModel {
    /// A layer's weight by its name in a file: `model.layers.3.mlp.up_proj.weight` is `blk.3.ffn_up.weight`.
    static func fileName(ofLayerWeight name: String) -> String {
        let parts = name.split(separator: ".")
        guard parts.count >= 5, let kind = parts.last else { return name }
        let module = parts[3..<parts.count - 1].joined(separator: ".")
        return "blk.\(parts[2]).\(layerNames[module] ?? module).\(kind)"
    }
}
