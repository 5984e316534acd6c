import QwenModel
import QwenTensor

/// LoRA adapters, attached to a small model: a GGUF file as it is, or, after a byte that all numbers are made of, PEFT's
/// configuration and the header of its safetensors file, cut at a zero byte.
enum AdapterTarget {
    private nonisolated(unsafe) static var model: ModelWeights?

    static func prepare() {
        let fixture =
            #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
            + "/QwenModelTests/Fixtures/qwen3-tied-bf16"
        guard let checkpoint = try? Checkpoint(path: fixture) else {
            preconditionFailure("There is no checkpoint at \(fixture).")
        }
        model = try? ModelWeights(checkpoint.configuration, from: checkpoint.reader())
    }

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let fill = input.first, let model else { return }
        let adapter: LoRAAdapter?
        if input.starts(with: "GGUF".utf8) {
            adapter = try? LoRAAdapter(path: TemporaryFolder.write(input, as: "adapter.gguf"))
        } else {
            let sections = Sections(input.dropFirst())
            _ = TemporaryFolder.write(sections[0], as: "adapter_config.json")
            let weights = WeightFile.bytes(header: sections[1], fill: fill)
            _ = TemporaryFolder.write(weights, as: "adapter_model.safetensors")
            adapter = try? LoRAAdapter(path: TemporaryFolder.path)
        }
        guard let adapter else { return }
        Loading.evaluate([1, 2]) { try? model.with([AttachedAdapter(adapter, weight: 0.5)]) }
    }
}
