/// Why a constraint was refused.
///
/// Places are JSON pointers (RFC 6901) into the schema, as URI fragments: `#/properties/age/minimum`.
public enum ConstraintError: Error, Sendable, Equatable {
    /// The schema uses a keyword in a way that cannot be enforced while a text is produced.
    case unsupported(keyword: String, path: String, reason: String)
    /// A keyword's value is not what JSON Schema allows there.
    case malformed(keyword: String, path: String, reason: String)
    /// A `$ref` names nothing within the schema. References to other documents are never fetched.
    case unresolvedReference(String, path: String)
    /// A regular expression is malformed, or asks for what no finite automaton can do.
    case pattern(String, reason: String)
    /// A grammar is malformed in a line, or as a whole where there is none.
    case grammar(line: Int?, reason: String)
    /// No text satisfies the constraint: a member is required and forbidden at once, a type contains itself without end.
    case unsatisfiable
    /// The constraint needs more of something than the limits allow.
    case tooComplex(what: String, limit: Int, path: String)
}

extension ConstraintError: CustomStringConvertible {
    /// The reason and the place, for people.
    public var description: String {
        switch self {
        case .unsupported(let keyword, let path, let reason): "\(keyword) at \(path) cannot be enforced: \(reason)"
        case .malformed(let keyword, let path, let reason): "\(keyword) at \(path) is malformed: \(reason)"
        case .unresolvedReference(let reference, let path): "$ref at \(path) names nothing in the schema: \(reference)"
        case .pattern(let pattern, let reason): "the pattern \(pattern) cannot be used: \(reason)"
        case .grammar(let line?, let reason): "line \(line) of the grammar: \(reason)"
        case .grammar(nil, let reason): "the grammar cannot be used: \(reason)"
        case .unsatisfiable: "nothing satisfies the constraint"
        case .tooComplex(let what, let limit, let path): "more than \(limit) \(what) at \(path)"
        }
    }
}
