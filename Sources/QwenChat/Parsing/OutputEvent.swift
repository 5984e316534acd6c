/// What a model's output says, piece by piece.
///
/// A call that is announced with ``toolCallStarted(name:)`` ends in exactly one of ``toolCall(_:)``, ``unknownTool(_:)`` and
/// ``malformedToolCall(raw:)``, and no other event stands between; the last one also comes unannounced, where not even a
/// name could be read.
public enum OutputEvent: Sendable, Hashable {
    /// More of the reasoning before the answer, without the tags and newlines that set it off.
    case thinking(String)
    /// More of the answer.
    case text(String)
    /// A call begins: the name of its tool is known. Whether there is such a tool is said at the call's end.
    case toolCallStarted(name: String)
    /// More of the arguments of the call that began last, as JSON text; joined, the pieces are the arguments.
    case toolCallDelta(String)
    /// A call of a declared tool, complete. Numbers keep their digits.
    case toolCall(ToolCall)
    /// A call, complete and well formed, of a tool that was not declared.
    case unknownTool(ToolCall)
    /// Something between the tags of a call that cannot be read as one: the text as it stands there, without the tags and
    /// the newlines that set it off.
    case malformedToolCall(raw: String)
}
