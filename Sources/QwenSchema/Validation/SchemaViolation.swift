/// One way in which a value is not what its schema asks for.
public struct SchemaViolation: Error, Sendable, Hashable {
    /// Where in the value, as a JSON pointer (RFC 6901): empty for the whole, `/cities/0/name` further down.
    public let pointer: String
    /// The keyword of the schema that is violated, such as `required`.
    public let keyword: String
    /// What is wrong, in a few words.
    public let reason: String

    /// Creates a violation.
    ///
    /// - Parameters:
    ///   - pointer: where in the value.
    ///   - keyword: the keyword of the schema.
    ///   - reason: what is wrong.
    public init(pointer: String, keyword: String, reason: String) {
        self.pointer = pointer
        self.keyword = keyword
        self.reason = reason
    }
}

extension SchemaViolation: CustomStringConvertible {
    /// The place and what is wrong there.
    public var description: String { "\(pointer.isEmpty ? "the value" : pointer): \(reason)" }
}
