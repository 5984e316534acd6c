/// Whether a request's answer may, must not or must begin with a call.
///
/// ``required`` and ``named(_:)`` are checked when the model's first turn is complete, and throw
/// ``ToolCallingError/choiceNotMet(_:answer:)`` if it did something else; nothing was called then. The turns after a tool's
/// result are free.
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
