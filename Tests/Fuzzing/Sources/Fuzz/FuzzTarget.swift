/// What can be fuzzed: each reader of bytes that others wrote.
enum FuzzTarget: String, CaseIterable {
    case json
    case safetensors
    case gguf
    case tokenizer
    case checkpoint
    case adapter
    case output
    case constraint
    case template

    /// The one that this process fuzzes; set once, before the first input.
    nonisolated(unsafe) static var current = FuzzTarget.json

    /// Makes what all inputs share, so that no input is charged for it.
    func prepare() {
        switch self {
        case .adapter: AdapterTarget.prepare()
        case .output: OutputTarget.prepare()
        case .constraint: ConstraintTarget.prepare()
        case .json, .safetensors, .gguf, .tokenizer, .checkpoint, .template: break
        }
    }

    /// Reads an input. Whatever it holds, this returns.
    func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .json: JSONTarget.run(input)
        case .safetensors: SafetensorsTarget.run(input)
        case .gguf: GGUFTarget.run(input)
        case .tokenizer: TokenizerTarget.run(input)
        case .checkpoint: CheckpointTarget.run(input)
        case .adapter: AdapterTarget.run(input)
        case .output: OutputTarget.run(input)
        case .constraint: ConstraintTarget.run(input)
        case .template: TemplateTarget.run(input)
        }
    }
}
