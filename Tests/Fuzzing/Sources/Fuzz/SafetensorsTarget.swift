import QwenModel

/// Safetensors: one file as it is, or, where the input begins as JSON does, an index and the headers of its files, cut at zero bytes.
enum SafetensorsTarget {
    private static let configuration = Array(
        """
        {"model_type":"qwen3","vocab_size":4,"hidden_size":4,"intermediate_size":2,"num_hidden_layers":1,\
        "num_attention_heads":1,"num_key_value_heads":1,"head_dim":2,"max_position_embeddings":8,"tie_word_embeddings":true}
        """.utf8
    )

    static func run(_ input: UnsafeRawBufferPointer) {
        var files = ["config.json": configuration]
        if input.first == UInt8(ascii: "{") {
            let sections = Sections(input)
            files["model.safetensors.index.json"] = sections[0]
            for index in 1..<max(2, min(sections.count, 5)) {
                files["\(index).safetensors"] = WeightFile.bytes(header: sections[index], fill: 0)
            }
        } else {
            files["model.safetensors"] = Array(input)
        }
        FilesInMemory.open(files) { checkpoint in Loading.run(checkpoint) }
    }
}
