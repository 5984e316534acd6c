import QwenTokenizer

/// Collects a prompt's segments; neighbours of one kind become one segment.
struct PromptBuilder {
    private(set) var segments: [PromptSegment] = []
    private var pending = ""
    private var pendingKind = PromptSegment.Kind.scaffold

    /// Adds what the template writes.
    mutating func scaffold(_ text: String) {
        append(text, .scaffold)
    }

    /// Adds what came from outside.
    mutating func content(_ text: String) {
        append(text, .content)
    }

    private mutating func append(_ text: String, _ kind: PromptSegment.Kind) {
        guard !text.isEmpty else { return }
        if kind != pendingKind { flush() }
        pendingKind = kind
        pending += text
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        segments.append(PromptSegment(pending, kind: pendingKind))
        pending = ""
    }

    /// The prompt made of all that was added.
    consuming func finish(ending: Prompt.Ending = .plain) -> Prompt {
        flush()
        return Prompt(segments: segments, ending: ending)
    }
}
