/// Why no schema can be derived from a type. A schema that is written down takes its place.
public enum SchemaDerivationError: Error, Sendable, Hashable {
    /// A type contains itself.
    ///
    /// - Parameters:
    ///   - type: the type's name.
    ///   - path: where it occurs again, as in `root.children`.
    case recursive(type: String, path: String)
    /// An enumeration whose cases cannot be listed: it lacks `CaseIterable` or a raw value that is a `String` or an integer.
    ///
    /// - Parameters:
    ///   - type: the type's name.
    ///   - path: where it occurs.
    ///   - reason: what its `init(from:)` said.
    case notReadable(type: String, path: String, reason: String)
}

extension SchemaDerivationError: CustomStringConvertible {
    /// The error in one sentence, with what to do.
    public var description: String {
        switch self {
        case .recursive(let type, let path):
            "\(type) contains itself at \(path); write its schema down."
        case .notReadable(let type, let path, let reason):
            "\(type) at \(path) takes no placeholder values (\(reason)); an enumeration needs a raw value and CaseIterable, "
                + "for any other type write the schema down."
        }
    }
}
