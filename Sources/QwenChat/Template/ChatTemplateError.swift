/// Why a conversation cannot be rendered, or a checkpoint's template is not recognised.
public enum ChatTemplateError: Error, Sendable, Hashable {
    /// The conversation holds no message.
    case noMessages
    /// The content of a message is not one text where the template needs one (only under ``ContentPolicy/reference``).
    ///
    /// - Parameters:
    ///   - message: the message's index in the conversation.
    ///   - role: its role.
    case contentIsNotText(message: Int, role: Message.Role)
    /// The arguments of a call are not an object where the template writes them one by one.
    ///
    /// - Parameters:
    ///   - message: the message's index in the conversation.
    ///   - tool: the tool's name as the call gives it.
    case argumentsAreNotAnObject(message: Int, tool: String)
    /// Tools, calls or results in a conversation for a family that has no form for them.
    case toolsAreNotSupported(family: ChatTemplateFamily)
    /// The checkpoint's template is none that this package knows.
    ///
    /// - Parameter reason: what was found, in a few words.
    case unknownTemplate(reason: String)
}

extension ChatTemplateError: CustomStringConvertible {
    /// The error in one sentence, with what to do instead.
    public var description: String {
        switch self {
        case .noMessages:
            "The conversation holds no message; a template needs at least one."
        case .contentIsNotText(let message, let role):
            "The content of messages[\(message)] (\(role.rawValue)) is not one text, and the template needs one."
        case .argumentsAreNotAnObject(let message, let tool):
            "The arguments of the call of “\(tool)” in messages[\(message)] are not an object, "
                + "and the template writes them one by one."
        case .toolsAreNotSupported(let family):
            "The template family \(family.rawValue) has no form for tools, calls or results."
        case .unknownTemplate(let reason):
            "The checkpoint's chat template is not recognised (\(reason)); pass the family to use, one of "
                + ChatTemplateFamily.allCases.map(\.rawValue).joined(separator: ", ") + "."
        }
    }
}
