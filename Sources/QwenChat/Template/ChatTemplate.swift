/// Turns a conversation into the prompt that a model was trained on.
///
/// ```swift
/// let prompt = try ChatTemplate(.qwen3).render([.user("Is 1009 prime?")], enableThinking: false)
/// let ids = tokenizer.encode(segments: prompt.segments)
/// ```
public struct ChatTemplate: Sendable, Hashable {
    /// Which of the published templates.
    public let family: ChatTemplateFamily

    /// Creates the template of a family.
    public init(_ family: ChatTemplateFamily) {
        self.family = family
    }

    /// Renders a conversation.
    ///
    /// - Parameters:
    ///   - messages: the conversation; at least one message.
    ///   - tools: what the model may call; written into the system turn.
    ///   - enableThinking: `false` makes a hybrid template write an empty thinking block after the prompt; `true` and `nil`
    ///     leave the model free. The other families do not look at it, as the published templates do not.
    ///   - addsGenerationPrompt: whether the prompt ends in the opening of an assistant's turn.
    ///   - contentPolicy: whether the template's decisions may depend on what stands in the texts.
    /// - Returns: the text in segments that carry their provenance.
    /// - Throws: ``ChatTemplateError`` for a conversation that the template has no form for.
    /// - Complexity: O(n) in the size of the conversation.
    public func render(
        _ messages: [Message],
        tools: [ToolDefinition] = [],
        enableThinking: Bool? = nil,
        addsGenerationPrompt: Bool = true,
        contentPolicy: ContentPolicy = .isolated
    ) throws(ChatTemplateError) -> Prompt {
        guard !messages.isEmpty else { throw .noMessages }
        let conversation = Conversation(messages: messages, tools: tools, policy: contentPolicy)
        switch family {
        case .qwen3Coder, .qwen3CoderEarly:
            return try CoderRenderer(revision: family == .qwen3Coder ? .current : .early)
                .render(conversation, addsGenerationPrompt: addsGenerationPrompt)
        case .qwen3, .qwen3Early, .qwen3Thinking2507, .qwen3Instruct2507, .qwen25, .chatML,
            .smolLM2:
            return try HermesRenderer(family)
                .render(conversation, enableThinking: enableThinking, addsGenerationPrompt: addsGenerationPrompt)
        }
    }
}

/// What a renderer works on.
struct Conversation {
    let messages: [Message]
    let tools: [ToolDefinition]
    let policy: ContentPolicy

    /// Whether the message at `index` follows one that is not a tool's result, or none.
    func startsToolResults(at index: Int) -> Bool {
        index == 0 || messages[index - 1].role != .tool
    }

    /// Whether the message at `index` is followed by one that is not a tool's result, or none.
    func endsToolResults(at index: Int) -> Bool {
        index == messages.count - 1 || messages[index + 1].role != .tool
    }
}
