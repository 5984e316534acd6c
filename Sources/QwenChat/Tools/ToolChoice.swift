/// Whether a request's answer may, must not or must begin with a call.
///
/// With ``required`` and ``named(_:)`` the model can do nothing else in its first turn, behind its thinking: other tokens are
/// not sampled (see ``ToolPolicy/constrainsCalls``). Where the call is not complete when the turn ends, being as long as the
/// request allows, or where it is in Coder's form and cannot be read, the request throws
/// ``ToolCallingError/choiceNotMet(_:answer:)``; nothing was called then. The turns after a tool's result are free.
public enum ToolChoice: Sendable, Hashable {
    /// As the model sees fit.
    case auto
    /// No call: the model does not get to see the tools, and what looks like a call is text.
    case none
    /// One call or several of any tool.
    case required
    /// Calls of this tool only.
    case named(String)
}
