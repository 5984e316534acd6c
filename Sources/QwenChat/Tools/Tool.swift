public import QwenSchema

/// Something that a model can call.
///
/// ```swift
/// struct Weather: Tool {
///     struct Arguments: Decodable { var city: String }
///
///     let name = "get_weather"
///     let description = "Get the weather in a city."
///
///     func call(arguments: Arguments) async throws -> String {
///         try await forecast(arguments.city)
///     }
/// }
///
/// let session = ChatSession(model, tools: [Weather()])
/// ```
///
/// The model gets to see the name, the description and the schema of the arguments, which is derived from their type. The
/// arguments of a call are compared with the schema before the call. What a tool throws goes to the model as the call's
/// result, so that it can try again; see ``ToolPolicy/throwsErrors``. Calls of one turn run side by side.
public protocol Tool<Arguments>: Sendable {
    /// What the tool takes; an empty structure for none.
    associatedtype Arguments: Decodable & Sendable
    /// What the tool gives.
    associatedtype Output: ToolOutputConvertible

    /// The name under which the model calls the tool: up to 64 ASCII letters, digits, `_`, `-` and `.`; the type's name unless
    /// told.
    var name: String { get }

    /// What the tool is for, as the model reads it.
    var description: String { get }

    /// The schema of the arguments, an object's; derived from ``Arguments`` unless told.
    ///
    /// To describe or limit single arguments, begin with the derived one:
    ///
    /// ```swift
    /// var parameters: JSONSchema {
    ///     get throws { try JSONSchema(of: Arguments.self).describing("city", as: "The city's English name") }
    /// }
    /// ```
    var parameters: JSONSchema { get throws }

    /// Does what the model asks for. The task is cancelled when the request is.
    ///
    /// - Parameter arguments: the arguments, which the schema allows.
    /// - Returns: the result as the model shall read it.
    /// - Throws: whatever the model shall read as the reason why there is no result.
    func call(arguments: Arguments) async throws -> Output
}

extension Tool {
    /// The type's name.
    public var name: String { "\(Self.self)" }

    /// The schema derived from ``Arguments``.
    public var parameters: JSONSchema {
        get throws { try JSONSchema(of: Arguments.self) }
    }
}
