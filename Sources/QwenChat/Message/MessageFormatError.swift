/// A message, a tool or a conversation whose JSON form is not the one that chat templates take.
public enum MessageFormatError: Error, Sendable, Hashable {
    /// Something has another type than it must have.
    ///
    /// - Parameters:
    ///   - path: where, as in `messages[2].tool_calls[0].function.name`.
    ///   - expected: what must stand there, as in `a string`.
    case wrongType(path: String, expected: String)
    /// Something that must be there is missing.
    case missing(path: String)
    /// A role that no template knows.
    case unknownRole(path: String, role: String)
    /// A part of a content list that is not text, such as an image.
    case unsupportedPart(path: String, type: String)
}

extension MessageFormatError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .wrongType(let path, let expected):
            "\(path) must be \(expected)."
        case .missing(let path):
            "\(path) is missing."
        case .unknownRole(let path, let role):
            "\(path) is “\(role)”, but must be one of \(Message.Role.allCases.map(\.rawValue).joined(separator: ", "))."
        case .unsupportedPart(let path, let type):
            "\(path) is a part of type “\(type)”; only text parts can be rendered."
        }
    }
}
