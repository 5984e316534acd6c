/// The ways to cut text into words before byte pairs are merged, by the names that GGUF files give them.
public enum PreTokenizerKind: String, Sendable, CaseIterable {
    /// Qwen's pattern, on text in Unicode's normalization form C.
    case qwen2
    /// SmolLM's: each number by itself, the rest by GPT-2's pattern.
    case smolLM = "smollm"

    /// Finds the one that a GGUF file names in `tokenizer.ggml.pre`.
    ///
    /// - Parameter name: the name. Distillations of Qwen2 carry names of their own for the same pattern.
    public init?(ggufName name: String) {
        switch name {
        case "qwen2", "deepseek-r1-qwen": self = .qwen2
        case "smollm": self = .smolLM
        default: return nil
        }
    }
}
