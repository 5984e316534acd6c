import QwenJSON

extension ToolCall {
    /// The arguments as an object, also where they are given as JSON text; `nil` if they are neither.
    var argumentsObject: JSONObject? {
        switch arguments {
        case .object(let object): object
        case .string(let text): (try? JSONValue(parsing: text))?.object
        default: nil
        }
    }
}
