/// Why a request with tools fails.
///
/// The transcript is as it was before the request then, whatever was called meanwhile.
public enum ToolCallingError: Error, Sendable, Hashable {
    /// A tool's name is not made of 1 to 64 ASCII letters, digits, `_`, `-` and `.`.
    case invalidName(String)
    /// Two tools have this name.
    case duplicateName(String)
    /// A tool's arguments have no schema of an object.
    ///
    /// - Parameters:
    ///   - tool: the tool's name.
    ///   - reason: what is wrong, in a few words.
    case noSchema(tool: String, reason: String)
    /// ``ToolChoice/named(_:)`` names a tool that the session does not have or allow.
    case unknownChoice(String)
    /// ``ToolChoice/required`` where the session has or allows no tool.
    case noTools
    /// The model did something else than ``ToolChoice`` asked for, or did not get to the end of the call.
    ///
    /// - Parameters:
    ///   - choice: what was asked for.
    ///   - answer: what the model said, calls left out.
    case choiceNotMet(ToolChoice, answer: String)
    /// The model goes on calling tools; see ``ToolPolicy/maximumRounds``.
    case tooManyRounds(limit: Int)
    /// The session's policy stopped the request at this call; see ``ToolPolicy/Decision/stop``.
    case stopped(ToolCall)
}

extension ToolCallingError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .invalidName(let name):
            "“\(name)” is no name for a tool: it must have 1 to 64 ASCII letters, digits, _, - and dots."
        case .duplicateName(let name): "Two tools have the name \(name)."
        case .noSchema(let tool, let reason): "The arguments of \(tool) have no schema: \(reason)"
        case .unknownChoice(let name): "There is no tool named \(name) that could be chosen."
        case .noTools: "A call is required, but there is no tool."
        case .choiceNotMet(.named(let name), let answer): "The model was to call \(name), but said: \(answer)"
        case .choiceNotMet(_, let answer): "The model was to call a tool, but said: \(answer)"
        case .tooManyRounds(let limit): "The model called tools in more than \(limit) turns."
        case .stopped(let call): "The call of \(call.name) was stopped."
        }
    }
}
