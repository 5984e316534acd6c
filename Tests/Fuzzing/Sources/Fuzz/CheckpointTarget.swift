import QwenChat
import QwenModel

/// A checkpoint's folder: `config.json`, `generation_config.json` and the header of `model.safetensors`, cut at zero bytes,
/// after a byte that all weights are made of.
enum CheckpointTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let fill = input.first else { return }
        let sections = Sections(input.dropFirst())
        var files = ["config.json": sections[0]]
        if !sections[1].isEmpty { files["generation_config.json"] = sections[1] }
        files["model.safetensors"] = WeightFile.bytes(header: sections[2], fill: fill)
        FilesInMemory.open(files) { checkpoint in Loading.run(checkpoint) }
    }
}
