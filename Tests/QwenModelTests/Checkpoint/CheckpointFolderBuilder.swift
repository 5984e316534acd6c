import Foundation

/// A temporary folder with a tiny checkpoint, to be spoilt in one way or another.
struct CheckpointFolderBuilder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "qwen-checkpoint-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    var path: String { url.path }

    func remove() { try? FileManager.default.removeItem(at: url) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: url.appending(path: name))
    }

    func write(_ text: String, to name: String) throws { try write(text.utf8, to: name) }

    /// A safetensors file: length, header, data.
    static func safetensors(header: String, dataByteCount: Int = 0) -> [UInt8] {
        var length = UInt64(header.utf8.count).littleEndian
        return withUnsafeBytes(of: &length, Array.init) + Array(header.utf8)
            + [UInt8](repeating: 0, count: dataByteCount)
    }
}

/// A tiny Qwen3 model's configuration, from which each test changes what it needs.
enum TinyModel {
    static let configuration = """
        {"model_type": "qwen3", "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 1,
         "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 2, "max_position_embeddings": 32,
         "rms_norm_eps": 1e-6, "rope_theta": 10000, "tie_word_embeddings": true, "hidden_act": "silu"}
        """

    static let shapes: [(name: String, shape: [Int])] = [
        ("model.embed_tokens.weight", [8, 4]), ("model.norm.weight", [4]),
        ("model.layers.0.input_layernorm.weight", [4]), ("model.layers.0.post_attention_layernorm.weight", [4]),
        ("model.layers.0.self_attn.q_proj.weight", [4, 4]), ("model.layers.0.self_attn.k_proj.weight", [2, 4]),
        ("model.layers.0.self_attn.v_proj.weight", [2, 4]), ("model.layers.0.self_attn.o_proj.weight", [4, 4]),
        ("model.layers.0.self_attn.q_norm.weight", [2]), ("model.layers.0.self_attn.k_norm.weight", [2]),
        ("model.layers.0.mlp.gate_proj.weight", [6, 4]), ("model.layers.0.mlp.up_proj.weight", [6, 4]),
        ("model.layers.0.mlp.down_proj.weight", [4, 6]),
    ]

    /// A safetensors file with the given tensors as float32, whose elements count up from 0 through the file.
    static func file(_ shapes: [(name: String, shape: [Int])] = shapes, dtype: String = "F32") -> [UInt8] {
        var header = "{\"__metadata__\":{\"format\":\"pt\"}"
        var offset = 0
        for (name, shape) in shapes {
            let end = offset + shape.reduce(dtype == "F32" ? 4 : 8, *)
            header += ",\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        var bytes = CheckpointFolderBuilder.safetensors(header: header)
        for element in 0..<offset / 4 {
            var bits = Float(element).bitPattern.littleEndian
            withUnsafeBytes(of: &bits) { bytes += $0 }
        }
        return bytes
    }
}
