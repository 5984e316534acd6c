/// What became of a call.
public struct ToolResult: Sendable, Hashable {
    /// The call; `nil` for one that could not be read.
    public let call: ToolCall?
    /// The text that the model gets to see.
    public let text: String
    /// Whether the text is an error: the call was not possible, not allowed, or the tool threw.
    public let isError: Bool
    /// Whether the tool's result was longer than ``ToolPolicy/maximumResultBytes``.
    public let isCut: Bool

    init(call: ToolCall?, text: String, isError: Bool = false, isCut: Bool = false) {
        self.call = call
        self.text = text
        self.isError = isError
        self.isCut = isCut
    }

    static func error(_ text: String, for call: ToolCall?) -> ToolResult {
        ToolResult(call: call, text: "Error: " + text, isError: true)
    }

    /// The result as the transcript holds it.
    package var message: Message {
        .tool(text, name: call?.name, callID: call?.id)
    }
}
