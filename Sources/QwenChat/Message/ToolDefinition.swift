public import QwenJSON

/// A tool as the model gets to see it: a name, what it is for, and the JSON schema of its arguments.
public struct ToolDefinition: Sendable, Hashable {
    /// The definition in the form in which the templates write it, keys in order; all of it is content.
    public let json: JSONValue

    /// The object that describes the function: `json` itself, or what stands under its key `function`.
    let function: JSONObject

    /// The name under which the model calls the tool.
    public let name: String

    /// Creates a definition in the form that Qwen was trained on.
    ///
    /// - Parameters:
    ///   - name: the name under which the model calls the tool.
    ///   - description: what the tool is for.
    ///   - parameters: the JSON schema of the arguments, an object's.
    public init(name: String, description: String? = nil, parameters: JSONObject) {
        var function: JSONObject = ["name": .string(name)]
        if let description { function["description"] = .string(description) }
        function["parameters"] = .object(parameters)
        self.name = name
        self.function = function
        self.json = ["type": "function", "function": .object(function)]
    }

    /// Takes a definition as it is, with or without the wrapper `{"type": "function", "function": …}`.
    ///
    /// - Parameter json: an object whose function has a name.
    /// - Throws: ``MessageFormatError``, with a path that begins at `tool`.
    public init(json: JSONValue) throws(MessageFormatError) {
        try self.init(json: json, path: "tool")
    }

    init(json: JSONValue, path: String) throws(MessageFormatError) {
        let outer = try JSONField(json, path).object()
        let field = outer["function"] ?? JSONField(json, path)
        self.function = try field.object().object
        self.name = try field.object().require("name").string()
        self.json = json
    }

    /// What the tool is for, where the definition says so.
    public var description: String? { function["description"]?.string }

    /// The JSON schema of the arguments, where the definition has one.
    public var parameters: JSONObject? { function["parameters"]?.object }
}
