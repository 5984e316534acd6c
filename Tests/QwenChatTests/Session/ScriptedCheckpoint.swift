import Foundation
import QwenChat
import QwenJSON
import QwenModel
import QwenTokenizer

/// A checkpoint whose model says what a script tells it: each token has one that follows it.
///
/// Embeddings are one-hot, attention and feed-forward blocks are zero, and the output layer is the script: everything that
/// a real model does happens, and what comes out is known.
struct ScriptedCheckpoint {
    /// The tokens beside the byte pairs, as Qwen3 has them.
    static let addedTokens = [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>",
        "</tool_response>", "<think>", "</think>",
    ]

    /// Thinks "hm" and says "yes"; says "yes" at once after an empty block.
    static let thinker = [
        "\n": "<think>", "<think>": "h", "h": "m", "m": "</think>", "</think>": "y",
        "\n\n": "y", "y": "e", "e": "s", "s": "<|im_end|>",
    ]

    /// Says "tick" for ever.
    static let endless = ["\n": "t", "\n\n": "t", "t": "i", "i": "c", "c": "k", "k": "t"]

    let directory: URL

    /// Writes a checkpoint into a temporary folder.
    ///
    /// - Parameters:
    ///   - script: for a token the one that follows it; the end of the turn follows all others.
    ///   - addedTokens: the tokens beside the byte pairs.
    ///   - template: what `tokenizer_config.json` holds as `chat_template`, if anything.
    ///   - contextLength: the most tokens of a conversation.
    ///   - generation: the contents of `generation_config.json`.
    init(
        _ script: [String: String] = thinker,
        addedTokens: [String] = addedTokens,
        template: JSONValue? = nil,
        contextLength: Int = 4096,
        generation: JSONValue? = nil
    ) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "qwen-chat-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let tokenizer = Self.tokenizer(addedTokens: addedTokens)
        try write(tokenizer, as: "tokenizer.json")
        var configuration: JSONValue = ["tokenizer_class": "Qwen2Tokenizer"]
        if let template { configuration = ["tokenizer_class": "Qwen2Tokenizer", "chat_template": template] }
        try write(configuration, as: "tokenizer_config.json")
        try write(Self.configuration(contextLength: contextLength), as: "config.json")
        if let generation { try write(generation, as: "generation_config.json") }
        try Data(Self.weights(script, tokenizer: Tokenizer(tokenizerJSON: tokenizer.serializedBytes())))
            .write(to: directory.appending(path: "model.safetensors"))
    }

    /// Loads the checkpoint and removes its folder.
    func load(_ family: ChatTemplateFamily? = nil) async throws -> QwenLanguageModel {
        defer { remove() }
        let options = LoadingOptions(family: family, engine: EngineOptions(threadCount: 1, prefillChunk: 16))
        return try await QwenLanguageModel.load(directory, options: options)
    }

    func remove() {
        try? FileManager.default.removeItem(at: directory)
    }

    func write(_ value: JSONValue, as name: String) throws {
        try Data(value.serializedBytes()).write(to: directory.appending(path: name))
    }

    // MARK: The model

    private static let vocabularySize = 288

    private static func configuration(contextLength: Int) -> JSONValue {
        let size = JSONValue.number(JSONNumber(vocabularySize))
        return [
            "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": size,
            "hidden_size": size, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "hidden_act": "silu",
            "max_position_embeddings": .number(JSONNumber(contextLength)), "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
            "rope_scaling": nil, "tie_word_embeddings": false, "attention_bias": false, "torch_dtype": "float32",
        ]
    }

    private static func weights(_ script: [String: String], tokenizer: Tokenizer) -> [UInt8] {
        let size = vocabularySize
        var identity = [Float](repeating: 0, count: size * size)
        for token in 0..<size { identity[token * size + token] = 1 }
        let end = tokenizer.encode("<|im_end|>")[0]
        var following = [Int](repeating: end, count: size)
        for (token, next) in script { following[tokenizer.encode(token)[0]] = tokenizer.encode(next)[0] }
        var output = [Float](repeating: 0, count: size * size)
        for token in 0..<size { output[following[token] * size + token] = 1 }

        func zeros(_ shape: Int...) -> (shape: [Int], values: [Float]) {
            (shape, [Float](repeating: 0, count: shape.reduce(1, *)))
        }
        func ones(_ count: Int) -> (shape: [Int], values: [Float]) { ([count], [Float](repeating: 1, count: count)) }
        var tensors: [(name: String, tensor: (shape: [Int], values: [Float]))] = [
            ("model.embed_tokens.weight", ([size, size], identity)), ("lm_head.weight", ([size, size], output)),
            ("model.norm.weight", ones(size)),
        ]
        for layer in 0..<2 {
            let prefix = "model.layers.\(layer)."
            tensors += [
                (prefix + "input_layernorm.weight", ones(size)),
                (prefix + "post_attention_layernorm.weight", ones(size)),
                (prefix + "self_attn.q_proj.weight", zeros(64, size)),
                (prefix + "self_attn.k_proj.weight", zeros(32, size)),
                (prefix + "self_attn.v_proj.weight", zeros(32, size)),
                (prefix + "self_attn.o_proj.weight", zeros(size, 64)),
                (prefix + "self_attn.q_norm.weight", ones(32)), (prefix + "self_attn.k_norm.weight", ones(32)),
                (prefix + "mlp.gate_proj.weight", zeros(32, size)), (prefix + "mlp.up_proj.weight", zeros(32, size)),
                (prefix + "mlp.down_proj.weight", zeros(size, 32)),
            ]
        }
        return safetensors(tensors)
    }

    private static func safetensors(_ tensors: [(name: String, tensor: (shape: [Int], values: [Float]))]) -> [UInt8] {
        var header: JSONObject = [:]
        var offset = 0
        for (name, tensor) in tensors {
            let end = offset + tensor.values.count * 4
            header[name] = [
                "dtype": "F32", "shape": .array(tensor.shape.map { .number(JSONNumber($0)) }),
                "data_offsets": [.number(JSONNumber(offset)), .number(JSONNumber(end))],
            ]
            offset = end
        }
        var json = JSONValue.object(header).serializedBytes()
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        var bytes: [UInt8] = []
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes += json
        for (_, tensor) in tensors { tensor.values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    // MARK: The tokenizer

    /// One token a byte, one for a blank line, and the added ones.
    private static func tokenizer(addedTokens: [String]) -> JSONValue {
        let printable = Array(33...126) + Array(161...172) + Array(174...255)
        let others = (0...255).filter { !printable.contains($0) }
        var vocabulary: JSONObject = [:]
        for byte in 0...255 {
            let scalar = printable.contains(byte) ? byte : 256 + (others.firstIndex(of: byte) ?? 0)
            vocabulary[String(Character(Unicode.Scalar(UInt16(scalar)) ?? " "))] = .number(JSONNumber(byte))
        }
        vocabulary["ĊĊ"] = 256
        let added = addedTokens.enumerated().map { index, content -> JSONValue in
            [
                "id": .number(JSONNumber(257 + index)), "content": .string(content), "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false, "special": .bool(content.contains("|")),
            ]
        }
        let pattern =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
            + #"\s*[\r\n]+|\s+(?!\S)|\s+"#
        let byteLevel: JSONValue = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
        ]
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
            "normalizer": ["type": "NFC"],
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
                        "invert": false,
                    ], byteLevel,
                ],
            ],
            "post_processor": byteLevel, "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "",
                "end_of_word_suffix": "",
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": .object(vocabulary),
                "merges": [["Ċ", "Ċ"]],
            ],
        ]
    }
}
