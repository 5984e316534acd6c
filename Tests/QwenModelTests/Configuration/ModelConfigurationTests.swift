import QwenJSON
import QwenModel
import QwenTensor
import Testing

@Suite struct ModelConfigurationTests {
    /// A dense configuration with some keys changed; nil removes a key.
    static func configuration(_ changes: KeyValuePairs<String, JSONValue?> = [:]) throws(ConfigurationError)
        -> ModelConfiguration
    {
        var object: JSONObject = [
            "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 1000, "hidden_size": 64,
            "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
            "head_dim": 32, "hidden_act": "silu", "max_position_embeddings": 4096, "rms_norm_eps": 1e-6,
            "rope_theta": 1_000_000, "rope_scaling": nil, "tie_word_embeddings": true, "attention_bias": false,
            "use_sliding_window": false, "sliding_window": nil, "bos_token_id": 1, "eos_token_id": 2,
            "torch_dtype": "bfloat16",
        ]
        for (key, value) in changes { object[key] = value }
        return try ModelConfiguration(parsing: JSONValue.object(object).serialized())
    }

    static func mixture(_ changes: KeyValuePairs<String, JSONValue?> = [:]) throws(ConfigurationError)
        -> ModelConfiguration
    {
        var object: JSONObject = [
            "model_type": "qwen3_moe", "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 96,
            "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
            "max_position_embeddings": 4096, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16,
            "norm_topk_prob": true,
        ]
        for (key, value) in changes { object[key] = value }
        return try ModelConfiguration(parsing: JSONValue.object(object).serialized())
    }

    @Test func denseModel() throws {
        let configuration = try Self.configuration()
        #expect(configuration.architecture == .qwen3)
        #expect(configuration.headDimension == 32)
        #expect(configuration.ropeTheta == 1e6)
        #expect(configuration.ropeScaling == .none)
        #expect(configuration.yarn == nil)
        #expect(
            configuration.hasQueryKeyNorm && !configuration.hasQueryKeyValueBias
                && !configuration.hasAttentionOutputBias
        )
        #expect(configuration.eosTokenIDs == [2])
        #expect(configuration.bosTokenID == 1)
        #expect(configuration.padTokenID == nil)
        #expect(configuration.dtypeName == "bfloat16")
        #expect(configuration.hasDenseLayers && !configuration.isSparse(layer: 0))
    }

    @Test func qwen2() throws {
        let configuration = try Self.configuration(["model_type": "qwen2", "head_dim": .null])
        #expect(configuration.headDimension == 16)
        #expect(
            configuration.hasQueryKeyValueBias && !configuration.hasQueryKeyNorm
                && !configuration.hasAttentionOutputBias
        )
    }

    @Test func defaultsOfTransformers() throws {
        #expect(try Self.configuration(["head_dim": .null]).headDimension == 128)
        #expect(try Self.configuration(["rope_theta": .null]).ropeTheta == 10_000)
        #expect(try Self.configuration(["model_type": .null]).architecture == .qwen3)
        #expect(try Self.configuration(["num_key_value_heads": .null]).keyValueHeads == 4)
        #expect(try Self.configuration(["attention_bias": true]).hasAttentionOutputBias)
        #expect(try Self.configuration(["eos_token_id": [2, 3, 2]]).eosTokenIDs == [2, 3])
        #expect(try Self.configuration(["eos_token_id": .null]).eosTokenIDs.isEmpty)
        #expect(try Self.configuration(["dtype": "float16"]).dtypeName == "float16")
    }

    @Test func layersOfAMixture() throws {
        let all = try Self.mixture()
        #expect((0..<4).allSatisfy { all.isSparse(layer: $0) } && !all.hasDenseLayers)
        #expect(all.mixture?.normalizesTopK == true)
        let stepped = try Self.mixture(["decoder_sparse_step": 2, "mlp_only_layers": [3, 3]])
        #expect((0..<4).map { stepped.isSparse(layer: $0) } == [false, true, false, false])
        #expect(stepped.mixture?.denseLayers == [3])
        #expect(try Self.mixture(["num_experts": 0]).isSparse(layer: 0) == false)
        #expect(try Self.mixture(["num_experts": .null, "num_local_experts": 8]).mixture?.experts == 8)
        #expect(throws: ConfigurationError.missing(key: "intermediate_size")) {
            try Self.mixture(["intermediate_size": .null, "mlp_only_layers": [0]])
        }
        #expect(throws: Never.self) { try Self.mixture(["intermediate_size": .null]) }
    }

    @Test func expertForAllTokens() throws {
        let changes: KeyValuePairs<String, JSONValue?> = [
            "model_type": "qwen2_moe", "head_dim": .null, "norm_topk_prob": .null,
            "shared_expert_intermediate_size": 40,
        ]
        let configuration = try Self.mixture(changes)
        #expect(configuration.mixture?.sharedIntermediateSize == 40)
        #expect(configuration.mixture?.normalizesTopK == false)
        #expect(configuration.hasQueryKeyValueBias && !configuration.hasQueryKeyNorm)
        #expect(try Self.mixture().mixture?.sharedIntermediateSize == nil)
        let key = "shared_expert_intermediate_size"
        #expect(throws: ConfigurationError.missing(key: key)) {
            try Self.mixture(["model_type": "qwen2_moe", "head_dim": .null])
        }
        for width in [0, -1, 1 << 40] {
            #expect(throws: ConfigurationError.self) {
                try Self.mixture(["model_type": "qwen2_moe", key: .number(JSONNumber(width))])
            }
        }
    }

    @Test func yarn() throws {
        let scaling: JSONValue = ["type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768]
        let yarn = try #require(try Self.configuration(["rope_scaling": scaling]).yarn)
        #expect(yarn.factor == 4 && yarn.originalContextLength == 32768 && yarn.betaFast == 32 && yarn.betaSlow == 1)
        // transformers: 0.1 · ln(4) + 1
        #expect(abs(yarn.attentionFactor - 1.1386294361119891) < 1e-12)
        #expect(yarn.truncate)
        let given: JSONValue = [
            "rope_type": "yarn", "factor": 8, "attention_factor": 0.5, "beta_fast": 16, "beta_slow": 2,
            "truncate": false,
        ]
        let other = try #require(try Self.configuration(["rope_scaling": given]).yarn)
        #expect(other.attentionFactor == 0.5 && other.betaFast == 16 && other.betaSlow == 2 && !other.truncate)
        #expect(other.originalContextLength == 4096)
        let scales: JSONValue = ["rope_type": "yarn", "factor": 40, "mscale": 1.0, "mscale_all_dim": 0.8]
        let scaled = try #require(try Self.configuration(["rope_scaling": scales]).yarn)
        // get_mscale(40, 1) / get_mscale(40, 0.8), in Python.
        #expect(abs(scaled.attentionFactor - 1.0569662567531275) < 1e-12)
    }

    @Test func parametersOfTransformers5() throws {
        let parameters: JSONValue = ["rope_type": "default", "rope_theta": 5e5]
        #expect(try Self.configuration(["rope_theta": .null, "rope_parameters": parameters]).ropeTheta == 5e5)
        let nested: JSONValue = ["full_attention": ["rope_type": "yarn", "rope_theta": 7e5, "factor": 2]]
        let configuration = try Self.configuration(["rope_theta": .null, "rope_parameters": nested])
        #expect(configuration.ropeTheta == 7e5)
        #expect(configuration.yarn?.factor == 2)
    }

    @Test(arguments: ["linear", "dynamic", "longrope", "llama3", "mrope", ""]) func otherScalings(type: String) {
        for key in ["type", "rope_type"] {
            let scaling = JSONValue.object([key: .string(type), "factor": 2])
            let error = #expect(throws: ConfigurationError.self) { try Self.configuration(["rope_scaling": scaling]) }
            guard case .unsupported("rope_scaling.\(key)", .string(type), _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func slidingWindows() throws {
        let window: (Int, JSONValue) throws -> Void = { first, size in
            _ = try Self.configuration([
                "use_sliding_window": true, "sliding_window": size, "max_window_layers": .number(JSONNumber(first)),
            ])
        }
        #expect(throws: Never.self) { try window(3, 4096) }
        #expect(throws: Never.self) { try window(0, .null) }
        for error in [
            #expect(throws: ConfigurationError.self) { try window(2, 4096) },
            #expect(throws: ConfigurationError.self) {
                try Self.configuration(["layer_types": ["full_attention", "full_attention", "sliding_attention"]])
            },
            #expect(throws: ConfigurationError.self) {
                try Self.mixture(["use_sliding_window": true, "sliding_window": 4096])
            },
        ] {
            guard case .unsupported = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(throws: ConfigurationError.self) { try Self.configuration(["layer_types": ["full_attention"]]) }
    }

    @Test(
        arguments: [
            (["quant_method": "gptq", "bits": 4], .gptq(bits: 4, zeroPointOffset: 1)),
            (
                ["quant_method": "gptq", "bits": 8, "checkpoint_format": "gptq_v2"],
                .gptq(bits: 8, zeroPointOffset: 0)
            ),
            (["quant_method": "awq", "bits": 4, "version": "gemm"], .awq),
            (["quant_method": "fp8", "weight_block_size": [128, 128]], .float8(tile: 128)),
            (
                [
                    "quant_method": "compressed-tensors", "format": "pack-quantized",
                    "config_groups": ["group_0": ["weights": ["num_bits": 8, "type": "int"]]],
                ],
                .packed(bits: 8)
            ),
        ] as [(JSONValue, Quantization)]
    )
    func readsQuantization(_ value: JSONValue, _ expected: Quantization) throws {
        #expect(try Self.configuration(["quantization_config": value]).quantization == expected)
    }

    @Test func readsTheSettingsOfMLX() throws {
        let configuration = try Self.configuration([
            "quantization": [
                "bits": 4, "group_size": 64, "model.embed_tokens": ["bits": 6, "group_size": 32], "lm_head": false,
            ]
        ])
        guard case .mlx(let settings) = configuration.quantization else {
            Issue.record("\(String(describing: configuration.quantization))")
            return
        }
        #expect(settings.setting(of: "model.layers.0.mlp.up_proj") == .init(bits: 4, groupSize: 64))
        #expect(settings.setting(of: "model.embed_tokens") == .init(bits: 6, groupSize: 32))
    }

    @Test(
        arguments: [
            (["quant_method": "bitsandbytes"], "quantization_config.quant_method"),
            (["quant_method": "gptq", "bits": 5], "quantization_config.bits"),
            (
                ["quant_method": "gptq", "bits": 4, "checkpoint_format": "marlin"],
                "quantization_config.checkpoint_format"
            ),
            (["quant_method": "awq", "bits": 8], "quantization_config.bits"),
            (["quant_method": "awq", "bits": 4, "version": "gemv"], "quantization_config.version"),
            (["quant_method": "fp8"], "quantization_config.weight_block_size"),
            (["quant_method": "fp8", "weight_block_size": [128, 64]], "quantization_config.weight_block_size"),
            (["quant_method": "compressed-tensors", "format": "float-quantized"], "quantization_config.format"),
            ([:], "quantization_config.quant_method"),
        ] as [(JSONValue, String)]
    )
    func namesQuantizationThatCannotBeRead(_ value: JSONValue, _ key: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Self.configuration(["quantization_config": value])
        }
        guard case .unsupported(key, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        arguments: [
            ("num_attention_heads", 0), ("num_attention_heads", 100_000), ("num_attention_heads", -4),
            ("num_key_value_heads", 3),
            ("num_key_value_heads", 0), ("num_key_value_heads", 8), ("num_hidden_layers", 0), ("num_hidden_layers", -1),
            ("num_hidden_layers", 1_000_000_000), ("num_hidden_layers", 1.0), ("num_hidden_layers", "3"),
            ("num_hidden_layers", true), ("hidden_size", 0), ("hidden_size", 1_000_000_000_000),
            ("intermediate_size", -5),
            ("vocab_size", 0), ("vocab_size", .number(JSONNumber(Int.max))), ("vocab_size", 1e3), ("head_dim", 31),
            ("head_dim", 0),
            ("head_dim", 1_000_000), ("rms_norm_eps", 0), ("rms_norm_eps", -1), ("rms_norm_eps", 1.5),
            ("rms_norm_eps", "x"),
            ("rope_theta", 0), ("rope_theta", -1e6), ("rope_theta", .number(JSONNumber(literal: "1e999")!)),
            ("rope_theta", "NaN"),
            ("max_position_embeddings", 0), ("max_position_embeddings", 10_000_000_000), ("eos_token_id", 1000),
            ("eos_token_id", -1), ("eos_token_id", [2, 1000]), ("eos_token_id", "2"), ("bos_token_id", 5000),
            ("pad_token_id", -1), ("tie_word_embeddings", 1), ("rope_scaling", "yarn"), ("layer_types", 3),
            ("rope_scaling", ["type": "yarn"]), ("rope_scaling", ["type": "yarn", "factor": 0.5]),
            ("rope_scaling", ["type": "yarn", "factor": 4, "original_max_position_embeddings": 0]),
            ("rope_scaling", ["type": "yarn", "factor": 4, "beta_fast": 0.5]), ("hidden_act", "gelu"),
            ("model_type", "llama"),
            ("model_type", 3), ("torch_dtype", 3), ("partial_rotary_factor", 0.5),
        ] as [(String, JSONValue)]
    )
    func badValues(key: String, value: JSONValue) {
        let error = #expect(throws: ConfigurationError.self) { try Self.configuration([key: value]) }
        // The error names the key at fault, or one inside it.
        #expect(error?.description.contains("\"\(key)") == true)
    }

    @Test(
        arguments: [
            ("num_experts", -1), ("num_experts", 1_000_000), ("num_experts_per_tok", 0), ("num_experts_per_tok", 9),
            ("moe_intermediate_size", 0), ("decoder_sparse_step", 0), ("mlp_only_layers", [4]),
            ("mlp_only_layers", [-1]),
            ("mlp_only_layers", ["a"]), ("norm_topk_prob", 1),
        ] as [(String, JSONValue)]
    )
    func badMixtures(key: String, value: JSONValue) {
        let error = #expect(throws: ConfigurationError.self) { try Self.mixture([key: value]) }
        #expect(error?.description.contains("\"\(key)\"") == true)
    }

    @Test(arguments: [
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads",
        "max_position_embeddings",
    ])
    func absentKeys(key: String) {
        #expect(throws: ConfigurationError.missing(key: key)) { try Self.configuration([key: JSONValue?.none]) }
    }

    @Test func sizesThatOverflowTogether() {
        #expect(throws: ConfigurationError.self) {
            try Self.mixture([
                "hidden_size": 131072, "num_hidden_layers": 4096, "num_experts": 16384,
                "moe_intermediate_size": 1_048_576,
            ])
        }
    }

    @Test func otherTexts() {
        for text in ["", "[]", "3", "{", "{\"vocab_size\": NaN}", "{\"a\":1,\"\\u0061\":2}", "\u{FEFF}{}"] {
            #expect(throws: ConfigurationError.self) { try ModelConfiguration(parsing: text) }
        }
    }

    /// The sizes that the family's reports give.
    @Test func publishedSizes() throws {
        let small = try Self.configuration([
            "vocab_size": 151_936, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
            "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        ])
        #expect(small.parameterCount == 596_049_920)
        #expect(small.activeParameterCount == small.parameterCount)
        #expect(small.weightByteCount(storedAs: .bfloat16) == 1_192_099_840)
        // 2 · 28 layers · 8 heads · 128 · 2 bytes
        #expect(small.keyValueByteCount(tokens: 1, storedAs: .float16) == 114_688)
        #expect(small.keyValueByteCount(tokens: .max, storedAs: .float16) == nil)
        #expect(small.keyValueByteCount(tokens: -1, storedAs: .float16) == nil)
        // Qwen3-30B-A3B: 30.5 billion, 3.3 billion active.
        let large = try Self.mixture([
            "vocab_size": 151_936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 48,
            "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "num_experts": 128,
            "num_experts_per_tok": 8, "moe_intermediate_size": 768,
        ])
        #expect(large.parameterCount == 30_532_122_624)
        #expect((3_300_000_000..<3_400_000_000).contains(large.activeParameterCount))
        // Qwen1.5-MoE-A2.7B: 14.3 billion, 2.7 billion active.
        let shared = try Self.mixture([
            "model_type": "qwen2_moe", "vocab_size": 151_936, "hidden_size": 2048, "num_hidden_layers": 24,
            "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": .null, "num_experts": 60,
            "num_experts_per_tok": 4, "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632,
        ])
        #expect(shared.parameterCount == 14_315_784_192)
        #expect((2_600_000_000..<2_800_000_000).contains(shared.activeParameterCount))
    }

    @Test func weightsAddUp() throws {
        for configuration in [
            try Self.configuration(), try Self.configuration(["tie_word_embeddings": false, "attention_bias": true]),
            try Self.configuration(["model_type": "qwen2", "head_dim": .null]),
            try Self.mixture(["mlp_only_layers": [1], "tie_word_embeddings": true]),
            try Self.mixture([
                "model_type": "qwen2_moe", "head_dim": .null, "shared_expert_intermediate_size": 40,
            ]),
        ] {
            var total = 0
            var names: Set<String> = []
            configuration.forEachWeight { weight in
                total += weight.shape.reduce(1, *)
                names.insert(weight.name)
                return true
            }
            #expect(total == configuration.parameterCount)
            #expect(names.contains("lm_head.weight") != configuration.tieWordEmbeddings)
        }
    }
}
