public import QwenJSON

/// What a text must be.
public enum Constraint: Sendable {
    /// JSON that satisfies a JSON Schema (2020-12; `$schema` names another edition).
    case jsonSchema(JSONValue)
    /// A text that a regular expression of ECMA-262 matches from end to end.
    case regex(String)
    /// One of these texts.
    case choices([String])
}
