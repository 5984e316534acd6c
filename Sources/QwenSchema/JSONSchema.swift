public import QwenJSON

/// A JSON schema (2020-12): what a value must look like.
///
/// Derived from a type with ``init(of:)``, built with ``object(_:optional:description:)`` and its siblings, or taken from
/// JSON as it is:
///
/// ```swift
/// let schema = try JSONSchema(of: Trip.self)
///     .describing("city", as: "Where to go")
///     .limiting("days", to: 1...30)
/// ```
public struct JSONSchema: Sendable, Hashable {
    /// The schema's JSON: an object, or `true` or `false` for anything and nothing.
    public var json: JSONValue

    /// Takes a schema as it is.
    ///
    /// - Parameter json: the schema.
    public init(_ json: JSONValue) {
        self.json = json
    }

    /// Anything.
    public static let anything = JSONSchema([:])
}

extension JSONSchema: CustomStringConvertible {
    /// The schema's JSON on one line.
    public var description: String { json.serialized() }
}
