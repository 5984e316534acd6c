public import QwenJSON

/// A call of a tool, as the model made it.
public struct ToolCall: Sendable, Hashable {
    /// The call's identifier, where the transcript has one; the templates do not write it.
    public var id: String?
    /// The tool's name.
    public var name: String
    /// The arguments: an object, or a string that holds the object as JSON text (the form of some chat interfaces).
    public var arguments: JSONValue

    /// Creates a call.
    ///
    /// - Parameters:
    ///   - id: the call's identifier.
    ///   - name: the tool's name.
    ///   - arguments: an object, or a string that holds one as JSON text.
    public init(id: String? = nil, name: String, arguments: JSONValue) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}
