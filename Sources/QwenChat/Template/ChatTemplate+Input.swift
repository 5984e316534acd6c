public import QwenJSON

extension ChatTemplate {
    /// What a template renders, in one value: a conversation, its tools, and the two switches.
    public struct Input: Sendable, Hashable {
        /// The conversation.
        public var messages: [Message]
        /// What the model may call.
        public var tools: [ToolDefinition]
        /// The switch of the hybrid templates.
        public var enableThinking: Bool?
        /// Whether the prompt ends in the opening of an assistant's turn.
        public var addsGenerationPrompt: Bool

        /// Creates an input.
        ///
        /// - Parameters:
        ///   - messages: the conversation.
        ///   - tools: what the model may call.
        ///   - enableThinking: the switch of the hybrid templates.
        ///   - addsGenerationPrompt: whether the prompt ends in the opening of an assistant's turn.
        public init(
            messages: [Message],
            tools: [ToolDefinition] = [],
            enableThinking: Bool? = nil,
            addsGenerationPrompt: Bool = true
        ) {
            self.messages = messages
            self.tools = tools
            self.enableThinking = enableThinking
            self.addsGenerationPrompt = addsGenerationPrompt
        }

        /// Reads `{"messages", "tools", "enable_thinking", "add_generation_prompt"}`.
        ///
        /// Null counts as missing. Missing tools are none, a missing `enable_thinking` is unset, and a missing
        /// `add_generation_prompt` is false, as transformers has it.
        ///
        /// - Parameter json: an object with at least `messages`.
        /// - Throws: ``MessageFormatError``, with a path such as `messages[2].content`.
        public init(json: JSONValue) throws(MessageFormatError) {
            guard let object = json.object else { throw .wrongType(path: "input", expected: "an object") }
            func field(_ key: String) -> JSONField? {
                guard let value = object[key], value != .null else { return nil }
                return JSONField(value, key)
            }
            guard let messagesField = field("messages") else { throw .missing(path: "messages") }
            messages = []
            for message in try messagesField.array() { messages.append(try Message(message)) }
            tools = []
            for tool in try field("tools")?.array() ?? [] {
                tools.append(try ToolDefinition(json: tool.value, path: tool.path))
            }
            enableThinking = try field("enable_thinking")?.bool()
            addsGenerationPrompt = try field("add_generation_prompt")?.bool() ?? false
        }
    }

    /// Renders an input; see ``render(_:tools:enableThinking:addsGenerationPrompt:contentPolicy:)``.
    ///
    /// - Parameters:
    ///   - input: what to render.
    ///   - contentPolicy: whether the template's decisions may depend on what stands in the texts.
    /// - Returns: the text in segments that carry their provenance.
    /// - Throws: ``ChatTemplateError`` for a conversation that the template has no form for.
    public func render(
        _ input: Input,
        contentPolicy: ContentPolicy = .isolated
    ) throws(ChatTemplateError) -> Prompt {
        try render(
            input.messages,
            tools: input.tools,
            enableThinking: input.enableThinking,
            addsGenerationPrompt: input.addsGenerationPrompt,
            contentPolicy: contentPolicy
        )
    }
}
