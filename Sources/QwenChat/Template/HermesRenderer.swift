import QwenJSON

/// The templates whose calls are JSON between `<tool_call>` tags: Qwen2.5, Qwen3, and plain ChatML, which has no calls.
///
/// They are one template with a few differences, and the differences are this type's properties.
/// Source: the `chat_template` of the published checkpoints; the reference renders decide in every doubt.
struct HermesRenderer {
    /// What a template does with a content that is not one text, under ``ContentPolicy/reference``.
    enum NonTextContent {
        /// It writes nothing in its place.
        case empty
        /// It raises an error.
        case error
        /// It raises an error, except for an assistant's turn that has calls and no content.
        case errorWithoutCalls
    }

    private let family: ChatTemplateFamily
    /// Written where the conversation does not begin with a system message.
    private var defaultSystemPrompt: String?
    /// Whether reasoning after the last question is written back.
    private var keepsReasoning = false
    /// Whether `enableThinking: false` closes the thinking block in advance.
    private var hasThinkingSwitch = false
    /// Whether the generation prompt opens the thinking block.
    private var opensThinking = false
    private var nonTextContent = NonTextContent.empty
    /// Whether arguments given as a string are written as a JSON string.
    private var quotesStringArguments = false
    private var supportsTools = true

    init(_ family: ChatTemplateFamily) {
        self.family = family
        switch family {
        case .qwen3:
            keepsReasoning = true
            hasThinkingSwitch = true
        case .qwen3Early:
            keepsReasoning = true
            hasThinkingSwitch = true
            nonTextContent = .error
        case .qwen3Thinking2507:
            keepsReasoning = true
            opensThinking = true
        case .qwen25:
            defaultSystemPrompt = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
            nonTextContent = .errorWithoutCalls
            quotesStringArguments = true
        case .smolLM2:
            defaultSystemPrompt = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
            nonTextContent = .error
            supportsTools = false
        case .chatML:
            nonTextContent = .error
            supportsTools = false
        case .qwen3Instruct2507, .qwen3Coder, .qwen3CoderEarly:
            break
        }
    }

    func render(
        _ conversation: Conversation,
        enableThinking: Bool?,
        addsGenerationPrompt: Bool
    ) throws(ChatTemplateError) -> Prompt {
        if !supportsTools, usesTools(conversation) { throw .toolsAreNotSupported(family: family) }
        var prompt = PromptBuilder()
        try writeSystem(conversation, to: &prompt)
        let lastQuestion = lastQuestionIndex(in: conversation)
        for (index, message) in conversation.messages.enumerated() {
            switch message.role {
            case .system where index == 0:
                continue
            case .system, .user:
                prompt.scaffold("<|im_start|>\(message.role.rawValue)\n")
                prompt.content(try text(at: index, in: conversation))
                prompt.scaffold("<|im_end|>\n")
            case .assistant:
                try writeAssistant(at: index, in: conversation, lastQuestion: lastQuestion, to: &prompt)
            case .tool:
                if conversation.startsToolResults(at: index) { prompt.scaffold("<|im_start|>user") }
                prompt.scaffold("\n<tool_response>\n")
                prompt.content(try text(at: index, in: conversation))
                prompt.scaffold("\n</tool_response>")
                if conversation.endsToolResults(at: index) { prompt.scaffold("<|im_end|>\n") }
            }
        }
        guard addsGenerationPrompt else { return prompt.finish() }
        prompt.scaffold("<|im_start|>assistant\n")
        if opensThinking {
            prompt.scaffold("<think>\n")
            return prompt.finish(ending: .openThinking)
        }
        if hasThinkingSwitch, enableThinking == false { prompt.scaffold("<think>\n\n</think>\n\n") }
        return prompt.finish()
    }

    private func usesTools(_ conversation: Conversation) -> Bool {
        !conversation.tools.isEmpty || conversation.messages.contains { $0.role == .tool || !$0.toolCalls.isEmpty }
    }

    // MARK: The system turn

    private func writeSystem(_ conversation: Conversation, to prompt: inout PromptBuilder) throws(ChatTemplateError) {
        let hasSystemMessage = conversation.messages[0].role == .system
        guard hasSystemMessage || defaultSystemPrompt != nil || !conversation.tools.isEmpty else { return }
        prompt.scaffold("<|im_start|>system\n")
        if hasSystemMessage {
            // The published templates concatenate this content without asking whether it is a text.
            if conversation.policy == .reference { try requireText(at: 0, in: conversation) }
            prompt.content(conversation.messages[0].text)
        } else if let defaultSystemPrompt {
            prompt.scaffold(defaultSystemPrompt)
        }
        if !conversation.tools.isEmpty {
            if hasSystemMessage || defaultSystemPrompt != nil { prompt.scaffold("\n\n") }
            prompt.scaffold(Self.toolsOpening)
            for tool in conversation.tools {
                prompt.scaffold("\n")
                prompt.content(PythonText.json(tool.json))
            }
            prompt.scaffold(Self.toolsClosing)
        }
        prompt.scaffold("<|im_end|>\n")
    }

    private static let toolsOpening = """
        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>
        """

    private static let toolsClosing = """

        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> \
        XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call>
        """

    // MARK: An assistant's turn

    private func writeAssistant(
        at index: Int,
        in conversation: Conversation,
        lastQuestion: Int,
        to prompt: inout PromptBuilder
    ) throws(ChatTemplateError) {
        let message = conversation.messages[index]
        var answer = try text(at: index, in: conversation)
        var reasoning = message.reasoning
        if keepsReasoning, reasoning == nil, conversation.policy == .reference,
            let ends = PythonText.ends(of: answer, splitBy: "</think>")
        {
            let thought = PythonText.strippingTrailingNewlines(ends.first)
            let opened = PythonText.ends(of: thought, splitBy: "<think>")?.last ?? thought
            reasoning = PythonText.strippingLeadingNewlines(opened)
            answer = PythonText.strippingLeadingNewlines(ends.last)
        }
        let thought = reasoning ?? ""
        let isLast = index == conversation.messages.count - 1

        prompt.scaffold("<|im_start|>assistant\n")
        if keepsReasoning, index > lastQuestion, isLast || !thought.isEmpty {
            prompt.scaffold("<think>\n")
            prompt.content(PythonText.strippingNewlines(thought))
            prompt.scaffold("\n</think>\n\n")
            prompt.content(PythonText.strippingLeadingNewlines(answer))
        } else {
            prompt.content(answer)
        }
        for (position, call) in message.toolCalls.enumerated() {
            if position > 0 || !answer.isEmpty { prompt.scaffold("\n") }
            prompt.scaffold("<tool_call>\n{\"name\": \"")
            prompt.content(name(of: call, policy: conversation.policy))
            prompt.scaffold("\", \"arguments\": ")
            prompt.content(arguments(of: call, policy: conversation.policy))
            prompt.scaffold("}\n</tool_call>")
        }
        prompt.scaffold("<|im_end|>\n")
    }

    private func name(of call: ToolCall, policy: ContentPolicy) -> String {
        switch policy {
        case .reference: call.name
        case .isolated: String(PythonText.json(.string(call.name)).unicodeScalars.dropFirst().dropLast())
        }
    }

    private func arguments(of call: ToolCall, policy: ContentPolicy) -> String {
        guard case .string(let text) = call.arguments else { return PythonText.json(call.arguments) }
        switch policy {
        case .reference: return quotesStringArguments ? PythonText.json(call.arguments) : text
        case .isolated: return call.argumentsObject.map { PythonText.json(.object($0)) } ?? text
        }
    }

    // MARK: What the template reads in the conversation

    /// The index of the last question; reasoning at or before it is not written back. The last index if there is none.
    private func lastQuestionIndex(in conversation: Conversation) -> Int {
        conversation.messages.lastIndex { message in
            guard message.role == .user else { return false }
            switch conversation.policy {
            case .isolated:
                return true
            case .reference:
                guard case .text(let text) = message.content else { return false }
                let opens = PythonText.starts(text, with: "<tool_response>")
                return !(opens && PythonText.ends(text, with: "</tool_response>"))
            }
        } ?? conversation.messages.count - 1
    }

    private func text(at index: Int, in conversation: Conversation) throws(ChatTemplateError) -> String {
        let message = conversation.messages[index]
        guard conversation.policy == .reference else { return message.text }
        switch nonTextContent {
        case .empty:
            if case .text(let text) = message.content { return text }
            return ""
        case .errorWithoutCalls where message.content == .none && !message.toolCalls.isEmpty:
            return ""
        case .error, .errorWithoutCalls:
            try requireText(at: index, in: conversation)
            return message.text
        }
    }

    private func requireText(at index: Int, in conversation: Conversation) throws(ChatTemplateError) {
        let message = conversation.messages[index]
        guard case .text = message.content else { throw .contentIsNotText(message: index, role: message.role) }
    }
}
