public import QwenJSON

extension Message {
    /// Reads a message in the form that the published chat templates take.
    ///
    /// `role`; `content`, a string, null, or a list of `{"type": "text", "text": …}`; for an assistant `reasoning_content`
    /// and `tool_calls`, each with or without the wrapper `{"type": "function", "function": …}`, its `arguments` an object
    /// or a string; for a tool `name` and `tool_call_id`. Other keys are not looked at.
    ///
    /// - Parameter json: the message, an object.
    /// - Throws: ``MessageFormatError``, with a path that begins at `message`.
    public init(json: JSONValue) throws(MessageFormatError) {
        try self.init(JSONField(json, "message"))
    }

    init(_ field: JSONField) throws(MessageFormatError) {
        let members = try field.object()
        let roleField = try members.require("role")
        let name = try roleField.string()
        guard let role = Role(rawValue: name) else { throw .unknownRole(path: roleField.path, role: name) }
        let content = try Content(members["content"])
        switch role {
        case .system, .user:
            self.init(role: role, content: content)
        case .assistant:
            var calls: [ToolCall] = []
            for call in try members["tool_calls"]?.array() ?? [] { calls.append(try ToolCall(call)) }
            self.init(
                role: role,
                content: content,
                reasoning: try members["reasoning_content"]?.string(),
                toolCalls: calls
            )
        case .tool:
            self.init(
                role: role,
                content: content,
                toolName: try members["name"]?.string(),
                toolCallID: try members["tool_call_id"]?.string()
            )
        }
    }
}

extension Message.Content {
    init(_ field: JSONField?) throws(MessageFormatError) {
        guard let field else {
            self = .none
            return
        }
        if let text = field.value.string {
            self = .text(text)
            return
        }
        guard field.value.array != nil else {
            throw .wrongType(path: field.path, expected: "a string, null, or a list of parts")
        }
        var texts: [String] = []
        for part in try field.array() {
            if let text = part.value.string {
                texts.append(text)
                continue
            }
            let members = try part.object()
            let type = try members.require("type").string()
            guard type == "text" else { throw .unsupportedPart(path: part.path, type: type) }
            texts.append(try members.require("text").string())
        }
        self = .parts(texts)
    }
}

extension ToolCall {
    init(_ field: JSONField) throws(MessageFormatError) {
        let outer = try field.object()
        let inner = try outer["function"]?.object() ?? outer
        self.init(
            id: try outer["id"]?.string(),
            name: try inner.require("name").string(),
            // A call of a tool without parameters may leave them out.
            arguments: inner["arguments"]?.value ?? .object([:])
        )
    }
}
