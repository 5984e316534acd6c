/// How a family writes the call of a tool between `<tool_call>` and `</tool_call>`.
public enum ToolCallFormat: String, Sendable, Hashable, CaseIterable {
    /// One JSON object, `{"name": …, "arguments": {…}}`: Qwen2.5 and Qwen3.
    case hermes
    /// `<function=…>` with a `<parameter=…>` for each argument: Qwen3-Coder.
    case coder

    /// What a call begins with.
    var opening: String {
        switch self {
        case .hermes: "{"
        case .coder: "<function="
        }
    }
}

extension ChatTemplateFamily {
    /// How models of this family write calls; `nil` if they make none.
    public var toolCallFormat: ToolCallFormat? {
        switch self {
        case .qwen3, .qwen3Early, .qwen3Thinking2507, .qwen3Instruct2507, .qwen25: .hermes
        case .qwen3Coder, .qwen3CoderEarly: .coder
        case .chatML, .smolLM2: nil
        }
    }
}
