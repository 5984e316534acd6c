public import QwenJSON

/// Why a `config.json` or `generation_config.json` was refused.
///
/// Keys are named as in the file; those inside another object with a dot, as in `rope_scaling.factor`.
public enum ConfigurationError: Error, Sendable, Equatable {
    /// The text is not JSON, or holds a key twice.
    case malformed(JSONError)
    /// The text is JSON but no object.
    case notAnObject(kind: String)
    /// A key that cannot be guessed is absent.
    case missing(key: String)
    /// A value has the wrong type, lies outside its range, or does not fit another value.
    case invalid(key: String, value: JSONValue, reason: String)
    /// A value is legal but asks for something that this library does not do.
    case unsupported(key: String, value: JSONValue, reason: String)
}

extension ConfigurationError: CustomStringConvertible {
    /// The key, the value and what is wrong with it.
    public var description: String {
        switch self {
        case .malformed(let error): "the configuration is not valid JSON: \(error)"
        case .notAnObject(let kind): "the configuration is a JSON \(kind), not an object"
        case .missing(let key): "the configuration lacks \"\(key)\""
        case .invalid(let key, let value, let reason): "\"\(key)\" is \(Self.short(value)), but \(reason)"
        case .unsupported(let key, let value, let reason):
            "\"\(key)\": \(Self.short(value)) is not supported: \(reason)"
        }
    }

    private static func short(_ value: JSONValue) -> String {
        let text = value.serialized()
        return text.utf8.count <= 200 ? text : String(text.prefix(200)) + "…"
    }
}
