internal import QwenJSON

extension ModelConfiguration {
    /// Reads the contents of a `config.json`.
    ///
    /// Keys that this library has no use for are ignored. Sources for defaults and meanings: transformers,
    /// `Qwen2Config`, `Qwen2MoeConfig`, `Qwen3Config`, `Qwen3MoeConfig`.
    ///
    /// - Parameter bytes: the file's bytes.
    /// - Throws: ``ConfigurationError``, which names the key and the value.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(ConfigurationError) {
        try self.init(ConfigurationFields(parsing: bytes))
    }

    /// Reads the contents of a `config.json`.
    ///
    /// - Parameter text: the file's text.
    /// - Throws: ``ConfigurationError``, which names the key and the value.
    public init(parsing text: String) throws(ConfigurationError) {
        var text = text
        let outcome: Result<Self, ConfigurationError> = text.withUTF8 { utf8 in
            do throws(ConfigurationError) {
                return .success(try Self(parsing: UnsafeRawBufferPointer(utf8)))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }

    /// Reads the fields of a `config.json`, or of what says the same in other words.
    ///
    /// - Parameters:
    ///   - fields: the fields.
    ///   - hasQueryKeyValueBias: whether there are such biases; nil to decide by the fields.
    /// - Throws: ``ConfigurationError``, which names the key and the value.
    init(_ fields: ConfigurationFields, hasQueryKeyValueBias: Bool? = nil) throws(ConfigurationError) {
        architecture = try Self.architecture(fields)
        quantization = try Quantization.read(fields)
        if let activation = try fields.text("hidden_act"), activation != "silu" {
            throw fields.unsupported("hidden_act", "the models of this family use \"silu\"")
        }

        vocabularySize = try fields.size("vocab_size", upTo: Limits.vocabularySize)
        hiddenSize = try fields.size("hidden_size", upTo: Limits.hiddenSize)
        layerCount = try fields.size("num_hidden_layers", upTo: Limits.layerCount)
        attentionHeads = try fields.size("num_attention_heads", upTo: Limits.heads)
        keyValueHeads =
            fields.object["num_key_value_heads"]?.isNull == true
            ? attentionHeads : try fields.size("num_key_value_heads", upTo: Limits.heads)
        guard attentionHeads % keyValueHeads == 0 else {
            throw fields.invalid("num_key_value_heads", "it must divide num_attention_heads, \(attentionHeads)")
        }
        headDimension = try Self.headDimension(
            fields,
            architecture,
            hiddenSize: hiddenSize,
            attentionHeads: attentionHeads
        )
        rmsNormEpsilon = try fields.real("rms_norm_eps", in: 1e-30...0.1) ?? 1e-6
        contextLength = try fields.size("max_position_embeddings", upTo: Limits.contextLength)
        (ropeTheta, ropeScaling) = try Self.rotary(fields, contextLength: contextLength)
        try Self.refuseSlidingWindow(fields, architecture, layerCount: layerCount)

        tieWordEmbeddings = try fields.flag("tie_word_embeddings") ?? false
        let attentionBias = try fields.flag("attention_bias") ?? false
        let isQwen2 = architecture == .qwen2 || architecture == .qwen2MoE
        let qwen2Bias = architecture == .qwen2MoE ? try fields.flag("qkv_bias") ?? true : isQwen2
        self.hasQueryKeyValueBias = hasQueryKeyValueBias ?? (isQwen2 ? qwen2Bias : attentionBias)
        hasAttentionOutputBias = !isQwen2 && attentionBias
        hasQueryKeyNorm = !isQwen2
        mixture =
            architecture == .qwen2MoE || architecture == .qwen3MoE
            ? try MixtureOfExperts(fields, layerCount: layerCount, hasSharedExpert: architecture == .qwen2MoE) : nil
        let mixture = mixture
        if let mixture, (0..<layerCount).allSatisfy({ mixture.isSparse(layer: $0) }) {
            // No layer uses it; published files mention it all the same.
            intermediateSize = try fields.integer("intermediate_size", in: 1...Limits.intermediateSize) ?? hiddenSize
        } else {
            intermediateSize = try fields.size("intermediate_size", upTo: Limits.intermediateSize)
        }

        bosTokenID = try fields.tokenIDs("bos_token_id", vocabularySize: vocabularySize).first
        eosTokenIDs = try fields.tokenIDs("eos_token_id", vocabularySize: vocabularySize)
        padTokenID = try fields.tokenIDs("pad_token_id", vocabularySize: vocabularySize).first
        dtypeName = try fields.text(fields.value("dtype") == nil ? "torch_dtype" : "dtype")

        guard let counts = countParameters(), counts.total <= Limits.parameterCount else {
            throw fields.invalid("num_hidden_layers", "with the other sizes, the number of weights exceeds any machine")
        }
        parameterCount = counts.total
        activeParameterCount = counts.active
    }
}

extension ModelConfiguration {
    private static func architecture(_ fields: ConfigurationFields) throws(ConfigurationError) -> ModelArchitecture {
        if let type = try fields.text("model_type") {
            guard let architecture = ModelArchitecture(rawValue: type) else {
                throw fields.unsupported("model_type", "only qwen2, qwen2_moe, qwen3 and qwen3_moe are")
            }
            return architecture
        }
        switch try fields.list("architectures")?.first?.string {
        case "Qwen2ForCausalLM": return .qwen2
        case "Qwen2MoeForCausalLM": return .qwen2MoE
        case "Qwen3ForCausalLM": return .qwen3
        case "Qwen3MoeForCausalLM": return .qwen3MoE
        case nil: throw .missing(key: "model_type")
        default: throw fields.unsupported("architectures", "only those of qwen2, qwen2_moe, qwen3 and qwen3_moe are")
        }
    }

    private static func headDimension(
        _ fields: ConfigurationFields,
        _ architecture: ModelArchitecture,
        hiddenSize: Int,
        attentionHeads: Int
    ) throws(ConfigurationError) -> Int {
        let dimension: Int
        if let given = try fields.integer("head_dim", in: 1...Limits.headDimension) {
            dimension = given
        } else if architecture == .qwen3 {
            // transformers' default for this architecture alone.
            dimension = 128
        } else {
            guard hiddenSize % attentionHeads == 0 else {
                throw fields.invalid("num_attention_heads", "it must divide hidden_size, \(hiddenSize)")
            }
            dimension = hiddenSize / attentionHeads
        }
        guard dimension % 2 == 0, dimension <= Limits.headDimension else {
            let key = fields.value("head_dim") == nil ? "hidden_size" : "head_dim"
            throw fields.invalid(
                key,
                "a head's width must be even and at most \(Limits.headDimension), and it is \(dimension)"
            )
        }
        return dimension
    }

    private static func rotary(
        _ fields: ConfigurationFields,
        contextLength: Int
    ) throws(ConfigurationError) -> (theta: Double, scaling: RotaryScaling) {
        var parameters = try fields.fields("rope_scaling")
        if parameters == nil {
            parameters = try fields.fields("rope_parameters")
            // transformers 5 can nest the parameters by the kind of layer.
            if let nested = try parameters?.fields("full_attention") { parameters = nested }
        }
        let range = 2.0...1e15
        let inner = try parameters?.real("rope_theta", in: range)
        let outer = try fields.real("rope_theta", in: range)
        if let partial = try fields.real("partial_rotary_factor", in: 0...1), partial != 1 {
            throw fields.unsupported("partial_rotary_factor", "only whole heads can be rotated")
        }
        // 10,000 is what transformers takes where the file says nothing.
        let theta = inner ?? outer ?? 10_000
        guard let parameters else { return (theta, .none) }
        return (theta, try RotaryScaling(parameters, contextLength: contextLength))
    }

    private static func refuseSlidingWindow(
        _ fields: ConfigurationFields,
        _ architecture: ModelArchitecture,
        layerCount: Int
    ) throws(ConfigurationError) {
        let reason = "attention within a sliding window is not implemented"
        if let types = try fields.list("layer_types") {
            guard types.count == layerCount else {
                throw .invalid(
                    key: "layer_types",
                    value: .number(.init(types.count)),
                    reason: "it must have an element for each of the \(layerCount) layers"
                )
            }
            for type in types where type != "full_attention" {
                throw .unsupported(key: "layer_types", value: type, reason: reason)
            }
            // The types of the layers decide, whatever the other keys say.
            if architecture != .qwen3MoE { return }
        }
        guard try fields.flag("use_sliding_window") == true else { return }
        // The window's size: absent means transformers' default, an explicit null means no window.
        if fields.object["sliding_window"]?.isNull == true { return }
        _ = try fields.integer("sliding_window", in: 0...Int.max)
        if architecture != .qwen3MoE {
            // Layers from this one on have the window.
            let first = try fields.integer("max_window_layers", in: 0...Int.max) ?? 28
            if first >= layerCount { return }
        }
        throw fields.unsupported("use_sliding_window", reason)
    }
}

extension MixtureOfExperts {
    fileprivate init(
        _ fields: ConfigurationFields,
        layerCount: Int,
        hasSharedExpert: Bool
    ) throws(ConfigurationError) {
        let key = fields.value("num_experts") == nil ? "num_local_experts" : "num_experts"
        experts = try fields.required("num_experts", fields.integer(key, in: 0...ModelConfiguration.Limits.experts))
        expertsPerToken = try fields.size("num_experts_per_tok", upTo: ModelConfiguration.Limits.experts)
        guard experts == 0 || expertsPerToken <= experts else {
            throw fields.invalid("num_experts_per_tok", "there are only \(experts) experts")
        }
        intermediateSize = try fields.size(
            "moe_intermediate_size",
            upTo: ModelConfiguration.Limits.intermediateSize
        )
        sharedIntermediateSize =
            hasSharedExpert
            ? try fields.size("shared_expert_intermediate_size", upTo: ModelConfiguration.Limits.intermediateSize) : nil
        normalizesTopK = try fields.flag("norm_topk_prob") ?? false
        sparseStep = try fields.integer("decoder_sparse_step", in: 1...ModelConfiguration.Limits.layerCount) ?? 1
        denseLayers = Set(try fields.integers("mlp_only_layers", in: 0..<layerCount) ?? []).sorted()
    }
}

extension ConfigurationFields {
    /// A positive count that must be there.
    func size(_ key: String, upTo limit: Int) throws(ConfigurationError) -> Int {
        try required(key, integer(key, in: 1...limit))
    }
}
