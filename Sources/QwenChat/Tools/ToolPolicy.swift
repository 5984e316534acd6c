public import QwenJSON

/// What a session allows its tools.
public struct ToolPolicy: Sendable {
    /// What is to become of a call.
    public enum Decision: Sendable {
        /// It is run.
        case approve
        /// It is run with other arguments, which are compared with the schema as well.
        case replaceArguments(JSONValue)
        /// It is not run; this is its result.
        case replaceResult(ToolOutput)
        /// It is not run; the model is told so, with the reason.
        case refuse(reason: String)
        /// The request throws ``ToolCallingError/stopped(_:)``.
        case stop
    }

    /// The names of the tools that may be called; `nil` for all. The model does not get to see the others.
    public var allowedTools: Set<String>?
    /// The most calls in one turn of the model; further ones are answered with an error.
    public var maximumCalls: Int
    /// The most turns with calls in one request; one more throws ``ToolCallingError/tooManyRounds(limit:)``.
    public var maximumRounds: Int
    /// The most bytes of a call's arguments as JSON; a call with more is answered with an error.
    public var maximumArgumentBytes: Int
    /// The most bytes of a result; a longer one is cut, and a note tells the model.
    public var maximumResultBytes: Int
    /// Whether what a tool throws makes the request throw, instead of going to the model as the call's result.
    public var throwsErrors: Bool
    /// Whether the model is held to calls that can be run: behind `<tool_call>` only the names of the tools can follow, and
    /// only arguments that their schemas allow.
    ///
    /// Arguments whose schema cannot be enforced while they are written are any object, and those in Coder's form any text;
    /// they are compared with the schema when the call is complete, as all are. Without it ``ToolChoice`` is checked only
    /// when the model's turn is over.
    public var constrainsCalls: Bool
    /// Decides about each call before it is run, one call after the other in their order.
    ///
    /// The arguments were compared with the schema before.
    public var review: (@Sendable (ToolCall) async throws -> Decision)?

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - allowedTools: the names of the tools that may be called; `nil` for all.
    ///   - maximumCalls: the most calls in one turn of the model.
    ///   - maximumRounds: the most turns with calls in one request.
    ///   - maximumArgumentBytes: the most bytes of a call's arguments as JSON.
    ///   - maximumResultBytes: the most bytes of a result.
    ///   - throwsErrors: whether what a tool throws makes the request throw.
    ///   - constrainsCalls: whether the model is held to calls that can be run.
    ///   - review: decides about each call before it is run.
    public init(
        allowedTools: Set<String>? = nil,
        maximumCalls: Int = 8,
        maximumRounds: Int = 8,
        maximumArgumentBytes: Int = 64 << 10,
        maximumResultBytes: Int = 16 << 10,
        throwsErrors: Bool = false,
        constrainsCalls: Bool = true,
        review: (@Sendable (ToolCall) async throws -> Decision)? = nil
    ) {
        self.allowedTools = allowedTools
        self.maximumCalls = maximumCalls
        self.maximumRounds = maximumRounds
        self.maximumArgumentBytes = maximumArgumentBytes
        self.maximumResultBytes = maximumResultBytes
        self.throwsErrors = throwsErrors
        self.constrainsCalls = constrainsCalls
        self.review = review
    }
}
