/// The published chat templates that this package renders.
public enum ChatTemplateFamily: String, Sendable, Hashable, CaseIterable {
    /// Qwen3 (April 2025): thinks or not, as asked. Current revision.
    case qwen3 = "qwen3"
    /// Qwen3 as first published; differs from the current revision only where it raises errors.
    case qwen3Early = "qwen3-early"
    /// Qwen3-Thinking-2507: always thinks; the prompt opens the thinking block.
    case qwen3Thinking2507 = "qwen3-thinking-2507"
    /// Qwen3-Instruct-2507: never thinks.
    case qwen3Instruct2507 = "qwen3-instruct-2507"
    /// Qwen3-Coder: never thinks; tools and calls in an XML form. Current revision.
    case qwen3Coder = "qwen3-coder"
    /// Qwen3-Coder as first published: other words around the tools.
    case qwen3CoderEarly = "qwen3-coder-early"
    /// Qwen2.5-Instruct: never thinks; has a system prompt of its own where the conversation has none.
    case qwen25 = "qwen2.5"
    /// Turns between `<|im_start|>` and `<|im_end|>` and nothing else: no system prompt of its own, no thinking, no tools.
    case chatML = "chatml"
    /// SmolLM2-Instruct: ``chatML`` with a system prompt of its own where the conversation has none.
    case smolLM2 = "smollm2"

    /// Finds a family by its raw value or by one of the usual short names, whatever the case, with or without dashes.
    ///
    /// Short names: `hybrid`, `hybrid_early`, `thinking2507`, `instruct2507`, `coder`, `coder_early`, `qwen25`.
    public init?(name: String) {
        let key = String(name.lowercased().unicodeScalars.filter { !"-_. ".unicodeScalars.contains($0) })
        switch key {
        case "qwen3", "hybrid", "qwen3hybrid": self = .qwen3
        case "qwen3early", "hybridearly", "qwen3hybridearly": self = .qwen3Early
        case "qwen3thinking2507", "thinking2507", "thinking", "qwen3thinking": self = .qwen3Thinking2507
        case "qwen3instruct2507", "instruct2507", "instruct", "qwen3instruct": self = .qwen3Instruct2507
        case "qwen3coder", "coder": self = .qwen3Coder
        case "qwen3coderearly", "coderearly": self = .qwen3CoderEarly
        case "qwen25", "qwen25instruct": self = .qwen25
        case "chatml": self = .chatML
        case "smollm2": self = .smolLM2
        default: return nil
        }
    }

    /// Whether models of this family think.
    public var thinkingSupport: ThinkingSupport {
        switch self {
        case .qwen3, .qwen3Early: .hybrid
        case .qwen3Thinking2507: .always
        case .qwen3Instruct2507, .qwen3Coder, .qwen3CoderEarly, .qwen25, .chatML, .smolLM2: .never
        }
    }
}
