import QwenJSON

/// The template of Qwen3-Coder: tools, calls and arguments in an XML form.
///
/// Source: the `chat_template` of the published checkpoints; the reference renders decide in every doubt.
struct CoderRenderer {
    /// The template's revisions; they differ in the words around the tools.
    enum Revision {
        case early
        case current
    }

    let revision: Revision

    func render(_ conversation: Conversation, addsGenerationPrompt: Bool) throws(ChatTemplateError) -> Prompt {
        var prompt = PromptBuilder()
        let hasSystemMessage = conversation.messages[0].role == .system
        if hasSystemMessage || !conversation.tools.isEmpty {
            prompt.scaffold("<|im_start|>system\n")
            if hasSystemMessage {
                prompt.content(try text(at: 0, in: conversation))
            } else {
                prompt.scaffold(
                    "You are Qwen, a helpful AI assistant that can interact with a computer to solve tasks."
                )
            }
            if !conversation.tools.isEmpty { writeTools(conversation.tools, to: &prompt) }
            prompt.scaffold("<|im_end|>\n")
        }
        for index in (hasSystemMessage ? 1 : 0)..<conversation.messages.count {
            let message = conversation.messages[index]
            switch message.role {
            case .assistant where !message.toolCalls.isEmpty:
                try writeCalls(at: index, in: conversation, to: &prompt)
            case .system, .user, .assistant:
                prompt.scaffold("<|im_start|>\(message.role.rawValue)\n")
                prompt.content(try text(at: index, in: conversation))
                prompt.scaffold("<|im_end|>\n")
            case .tool:
                // A result that no message precedes opens no turn; so the published template has it.
                let isFirst = index == (hasSystemMessage ? 1 : 0)
                if !isFirst, conversation.startsToolResults(at: index) { prompt.scaffold("<|im_start|>user\n") }
                prompt.scaffold("<tool_response>\n")
                prompt.content(try text(at: index, in: conversation))
                prompt.scaffold("\n</tool_response>\n")
                if conversation.endsToolResults(at: index) { prompt.scaffold("<|im_end|>\n") }
            }
        }
        if addsGenerationPrompt { prompt.scaffold("<|im_start|>assistant\n") }
        return prompt.finish()
    }

    private func text(at index: Int, in conversation: Conversation) throws(ChatTemplateError) -> String {
        let message = conversation.messages[index]
        if conversation.policy == .isolated { return message.text }
        guard case .text(let text) = message.content else {
            throw .contentIsNotText(message: index, role: message.role)
        }
        return text
    }

    // MARK: Calls

    private func writeCalls(
        at index: Int,
        in conversation: Conversation,
        to prompt: inout PromptBuilder
    ) throws(ChatTemplateError) {
        let message = conversation.messages[index]
        prompt.scaffold("<|im_start|>assistant")
        let text = PythonText.trimming(writtenBeforeCalls(message, policy: conversation.policy))
        if !text.isEmpty {
            prompt.scaffold("\n")
            prompt.content(text)
            prompt.scaffold("\n")
        }
        for call in message.toolCalls {
            prompt.scaffold("\n<tool_call>\n<function=")
            prompt.content(call.name)
            prompt.scaffold(">\n")
            guard let arguments = arguments(of: call, policy: conversation.policy) else {
                throw .argumentsAreNotAnObject(message: index, tool: call.name)
            }
            for argument in arguments {
                prompt.scaffold("<parameter=")
                prompt.content(argument.key)
                prompt.scaffold(">\n")
                prompt.content(Self.plain(argument.value))
                prompt.scaffold("\n</parameter>\n")
            }
            prompt.scaffold("</function>\n</tool_call>")
        }
        prompt.scaffold("<|im_end|>\n")
    }

    private func writtenBeforeCalls(_ message: Message, policy: ContentPolicy) -> String {
        if policy == .reference, case .parts = message.content { return "" }
        return message.text
    }

    private func arguments(of call: ToolCall, policy: ContentPolicy) -> JSONObject? {
        switch policy {
        case .reference:
            guard case .object(let object) = call.arguments else { return nil }
            return object
        case .isolated:
            return call.argumentsObject
        }
    }

    // MARK: Tools

    private func writeTools(_ tools: [ToolDefinition], to prompt: inout PromptBuilder) {
        let noun = revision == .current ? "functions" : "tools"
        prompt.scaffold("\n\n# Tools\n\nYou have access to the following \(noun):\n\n<tools>")
        for tool in tools {
            let function = tool.function
            prompt.scaffold("\n<function>")
            write(function["name"].map(PythonText.string) ?? "", tag: "name", to: &prompt)
            if let description = function["description"] { writeDescription(description, to: &prompt) }
            prompt.scaffold("\n<parameters>")
            if case .object(let parameters)? = function["parameters"] {
                if case .object(let properties)? = parameters["properties"] {
                    for property in properties { writeParameter(property.key, property.value, to: &prompt) }
                }
                writeOthers(of: parameters, than: ["type", "properties"], to: &prompt)
            }
            prompt.scaffold("\n</parameters>")
            writeOthers(of: function, than: ["type", "name", "description", "parameters"], to: &prompt)
            prompt.scaffold("\n</function>")
        }
        prompt.scaffold("\n</tools>")
        prompt.scaffold(revision == .current ? Self.currentRules : Self.earlyRules)
    }

    private func writeParameter(_ name: String, _ schema: JSONValue, to prompt: inout PromptBuilder) {
        prompt.scaffold("\n<parameter>")
        write(name, tag: "name", to: &prompt)
        if case .object(let schema) = schema {
            if let type = schema["type"] { write(PythonText.string(type), tag: "type", to: &prompt) }
            if let description = schema["description"] { writeDescription(description, to: &prompt) }
            writeOthers(of: schema, than: ["name", "type", "description"], to: &prompt)
        }
        prompt.scaffold("\n</parameter>")
    }

    private func writeDescription(_ description: JSONValue, to prompt: inout PromptBuilder) {
        write(PythonText.trimming(PythonText.string(description)), tag: "description", to: &prompt)
    }

    private func writeOthers(of object: JSONObject, than handled: Set<String>, to prompt: inout PromptBuilder) {
        for member in object where !handled.contains(member.key) {
            // The key is the schema's, so it is content, though it stands where a tag's name stands.
            prompt.scaffold("\n<")
            prompt.content(member.key)
            prompt.scaffold(">")
            prompt.content(Self.plain(member.value))
            prompt.scaffold("</")
            prompt.content(member.key)
            prompt.scaffold(">")
        }
    }

    private func write(_ text: String, tag: String, to prompt: inout PromptBuilder) {
        prompt.scaffold("\n<\(tag)>")
        prompt.content(text)
        prompt.scaffold("</\(tag)>")
    }

    /// Containers as JSON, everything else as Python prints it.
    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .object, .array: PythonText.json(value)
        default: PythonText.string(value)
        }
    }

    private static let currentRules = """


        If you choose to call a function ONLY reply in the following format with NO suffix:

        <tool_call>
        <function=example_function_name>
        <parameter=example_parameter_1>
        value_1
        </parameter>
        <parameter=example_parameter_2>
        This is the value for the second parameter
        that can span
        multiple lines
        </parameter>
        </function>
        </tool_call>

        <IMPORTANT>
        Reminder:
        - Function calls MUST follow the specified format: an inner <function=...></function> block must be nested within \
        <tool_call></tool_call> XML tags
        - Required parameters MUST be specified
        - You may provide optional reasoning for your function call in natural language BEFORE the function call, but NOT \
        after
        - If there is no function call available, answer the question like normal with your current knowledge and do not \
        tell the user about function calls
        </IMPORTANT>
        """

    private static let earlyRules = """


        If you choose to call a tool ONLY reply in the following format with NO suffix:

        <tool_call>
        <function=example_function_name>
        <parameter=example_parameter_1>
        value_1
        </parameter>
        <parameter=example_parameter_2>
        value_2
        </parameter>
        </function>
        </tool_call>

        <IMPORTANT>
        Reminder:
        - Function calls MUST follow the specified format: the tool calling block MUST begin with an opening <tool_call> \
        tag and end with a closing </tool_call> tag.
        - Required parameters MUST be specified
        - You may provide optional reasoning for your function call in natural language BEFORE the function call, but NOT \
        after
        - If there is no function call available, answer the question like normal with your current knowledge and do not \
        tell the user about function calls
        </IMPORTANT>
        """
}
