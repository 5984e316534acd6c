internal import QwenJSON

/// Makes a model's configuration of a GGUF file's metadata.
///
/// The metadata is brought into the words of `config.json` and checked as such; errors name the metadata's keys.
/// Sources: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, and how llama.cpp reads these architectures.
struct GGUFConfigurationReader {
    private let file: GGUFFile
    private let tensor: (String) -> GGUFFile.Tensor?
    private let prefix: String

    init(_ file: GGUFFile, tensor: @escaping (String) -> GGUFFile.Tensor?) {
        self.file = file
        self.tensor = tensor
        prefix = (file[key: "general.architecture"]?.string ?? "") + "."
    }

    private func refused(_ error: GGUFError) -> CheckpointError { .gguf(path: file.path, error) }

    func architectureName() throws(CheckpointError) -> String {
        guard let value = file[key: "general.architecture"] else { throw refused(.missingKey("general.architecture")) }
        guard let name = value.string else {
            throw refused(.invalidValue(key: "general.architecture", reason: "a text is needed"))
        }
        return name
    }

    /// The keys of `config.json` and where their values stand.
    private static let integers = [
        ("hidden_size", "embedding_length"),
        ("num_hidden_layers", "block_count"),
        ("max_position_embeddings", "context_length"),
        ("intermediate_size", "feed_forward_length"),
        ("num_attention_heads", "attention.head_count"),
        ("num_key_value_heads", "attention.head_count_kv"),
        ("head_dim", "attention.key_length"),
        ("num_experts", "expert_count"),
        ("num_experts_per_tok", "expert_used_count"),
        ("moe_intermediate_size", "expert_feed_forward_length"),
        ("shared_expert_intermediate_size", "expert_shared_feed_forward_length"),
    ]
    private static let reals = [
        ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
        ("rope_theta", "rope.freq_base"),
    ]
    private static let scalings = [
        ("factor", "rope.scaling.factor"),
        ("original_max_position_embeddings", "rope.scaling.original_context_length"),
        ("beta_fast", "rope.scaling.yarn_beta_fast"),
        ("beta_slow", "rope.scaling.yarn_beta_slow"),
    ]

    func configuration() throws(CheckpointError) -> ModelConfiguration {
        var fields: [JSONObject.Member] = []
        func add(_ key: String, _ value: JSONValue) { fields.append(JSONObject.Member(key: key, value: value)) }

        let architecture = try architectureName()
        switch architecture {
        case "qwen2", "llama": add("model_type", "qwen2")
        case "qwen3": add("model_type", "qwen3")
        case "qwen2moe":
            add("model_type", "qwen2_moe")
            add("norm_topk_prob", false)
            // Files of the architecture's first months do not say how wide experts are; llama.cpp takes this for it.
            if let width = file[key: prefix + "feed_forward_length"]?.int {
                if file[key: prefix + "expert_shared_feed_forward_length"] == nil {
                    add("shared_expert_intermediate_size", .number(JSONNumber(width)))
                }
                if file[key: prefix + "expert_feed_forward_length"] == nil,
                    let used = file[key: prefix + "expert_used_count"]?.int, used > 0
                {
                    add("moe_intermediate_size", .number(JSONNumber(width / used)))
                }
            }
        case "qwen3moe":
            add("model_type", "qwen3_moe")
            // All layers have experts, and their weights always add up to one.
            add("norm_topk_prob", true)
        default: throw refused(.unsupportedArchitecture(architecture))
        }
        for (key, suffix) in Self.integers + Self.reals {
            if let number = try number(prefix + suffix) { add(key, number) }
        }
        if file[key: prefix + "attention.head_count_kv"] == nil { add("num_key_value_heads", .null) }
        if file[key: prefix + "attention.key_length"] == nil, architecture == "qwen3",
            let width = file[key: prefix + "embedding_length"]?.int,
            let heads = file[key: prefix + "attention.head_count"]?.int, heads > 0
        {
            // llama.cpp's default, where transformers has 128.
            add("head_dim", .number(JSONNumber(width / heads)))
        }
        if let rows = tensor("token_embd.weight")?.shape.first {
            add("vocab_size", .number(JSONNumber(rows)))
        } else {
            throw .tensorNotFound(name: "token_embd.weight")
        }
        add("tie_word_embeddings", .bool(tensor("output.weight") == nil))
        try addTokens(&fields)
        if let scaling = try ropeScaling() { add("rope_scaling", scaling) }

        let configuration: ModelConfiguration
        do throws(ConfigurationError) {
            configuration = try ModelConfiguration(
                ConfigurationFields(JSONObject(fields)),
                hasQueryKeyValueBias: architecture == "llama" ? false : nil
            )
        } catch {
            throw .configuration(path: file.path, renamed(error))
        }
        try checkHeads(configuration)
        return configuration
    }

    private func number(_ key: String) throws(CheckpointError) -> JSONValue? {
        switch file[key: key] {
        case nil: return nil
        case .float(let value)?:
            guard value.isFinite, let number = JSONNumber(value) else {
                throw refused(.invalidValue(key: key, reason: "a finite number is needed"))
            }
            return .number(number)
        case .numbers(let list)?:
            // One value for each layer; a model whose layers differ is another kind of model.
            guard let all = list.ints, let first = all.first, all.allSatisfy({ $0 == first }) else {
                throw refused(.invalidValue(key: key, reason: "layers that differ are not supported"))
            }
            return .number(JSONNumber(first))
        case let value?:
            guard let integer = value.int else {
                throw refused(.invalidValue(key: key, reason: "a number is needed"))
            }
            return .number(JSONNumber(integer))
        }
    }

    private static let tokenKeys = [
        "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id",
    ]

    private func addTokens(_ fields: inout [JSONObject.Member]) throws(CheckpointError) {
        func isAbsent(_ value: JSONValue) -> Bool {
            // -1 as an unsigned number says that there is none.
            value.int == -1 || value.int == Int(UInt32.max)
        }
        var ends: [JSONValue] = []
        for key in Self.tokenKeys {
            if let id = try number(key), !isAbsent(id) { ends.append(id) }
        }
        fields.append(JSONObject.Member(key: "eos_token_id", value: .array(ends)))
        for (key, name) in [("bos_token_id", "bos"), ("pad_token_id", "padding")] {
            if let id = try number("tokenizer.ggml.\(name)_token_id"), !isAbsent(id) {
                fields.append(JSONObject.Member(key: key, value: id))
            }
        }
    }

    private func ropeScaling() throws(CheckpointError) -> JSONValue? {
        let key = prefix + "rope.scaling.type"
        let factor = file[key: prefix + "rope.scaling.factor"] ?? file[key: prefix + "rope.scale_linear"]
        switch file[key: key]?.string ?? "linear" {
        case "none": return nil
        case "linear":
            guard factor?.double ?? 1 == 1 else {
                throw refused(
                    .invalidValue(key: key, reason: "of the ways to stretch the context only \"yarn\" is supported")
                )
            }
            return nil
        case "yarn":
            var fields = [JSONObject.Member(key: "rope_type", value: "yarn")]
            for (name, suffix) in Self.scalings {
                if let number = try number(prefix + suffix) { fields.append(.init(key: name, value: number)) }
            }
            for suffix in ["rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_ext_factor"]
            {
                guard let value = file[key: prefix + suffix] else { continue }
                guard value.double == 1 else {
                    throw refused(.invalidValue(key: prefix + suffix, reason: "only 1 is supported"))
                }
            }
            return .object(JSONObject(fields))
        case let other:
            throw refused(.invalidValue(key: key, reason: "\"\(other)\" is not supported, \"yarn\" is"))
        }
    }

    /// Widths that llama.cpp keeps apart and these models do not.
    private func checkHeads(_ configuration: ModelConfiguration) throws(CheckpointError) {
        for suffix in ["attention.value_length", "rope.dimension_count"] {
            guard let value = file[key: prefix + suffix] else { continue }
            guard value.int == configuration.headDimension else {
                throw refused(
                    .invalidValue(
                        key: prefix + suffix,
                        reason: "it must be the width of a head, \(configuration.headDimension)"
                    )
                )
            }
        }
        for suffix in [
            "attention.sliding_window", "expert_shared_count", "expert_group_count", "leading_dense_block_count",
        ] {
            guard let value = file[key: prefix + suffix] else { continue }
            guard value.int == 0 else {
                throw refused(.invalidValue(key: prefix + suffix, reason: "only 0 is supported"))
            }
        }
    }

    /// The error with the metadata's key in place of `config.json`'s.
    private func renamed(_ error: ConfigurationError) -> ConfigurationError {
        func name(_ key: String) -> String {
            if let suffix = (Self.integers + Self.reals).first(where: { $0.0 == key })?.1 { return prefix + suffix }
            if let suffix = Self.scalings.first(where: { "rope_scaling." + $0.0 == key })?.1 { return prefix + suffix }
            switch key {
            case "eos_token_id", "bos_token_id": return "tokenizer.ggml." + key
            case "pad_token_id": return "tokenizer.ggml.padding_token_id"
            default: return key
            }
        }
        switch error {
        case .missing(let key): return .missing(key: name(key))
        case .invalid(let key, let value, let reason): return .invalid(key: name(key), value: value, reason: reason)
        case .unsupported(let key, let value, let reason):
            return .unsupported(key: name(key), value: value, reason: reason)
        case .malformed, .notAnObject: return error
        }
    }
}
