/// Decides for ``Thinking/automatic``: whether a model thinks before it answers, and how long.
///
/// A session takes one at its creation, so that an application replaces the default in one line:
///
/// ```swift
/// struct QuestionsOnly: ThinkingRouter {
///     func route(_ task: ThinkingTask) async -> ThinkingRoute {
///         task.text.hasSuffix("?") ? ThinkingRoute(.budget(256), .custom("a question")) : ThinkingRoute(.off, .simple)
///     }
/// }
/// let session = ChatSession(model, router: QuestionsOnly())
/// ```
///
/// It is asked once for a request, before anything is computed. The reply tells what it decided, in ``Response/routing``.
public protocol ThinkingRouter: Sendable {
    /// Decides for one request.
    ///
    /// - Parameter task: what is asked, and of which model.
    /// - Returns: the decision. What the model cannot do makes the request throw
    ///   ``SessionError/thinkingNotSupported(requested:support:)``.
    func route(_ task: ThinkingTask) async -> ThinkingRoute
}

/// What a ``ThinkingRouter`` gets to know of a request.
public struct ThinkingTask: Sendable {
    /// The conversation, the new message included.
    public let messages: [Message]
    /// What the model may call.
    public let tools: [ToolDefinition]
    /// Tokens of the conversation as the template writes it.
    public let promptTokens: Int
    /// Tokens of them that are not in the KV cache yet and must be computed.
    public let newTokens: Int
    /// What the model can do.
    public let support: ThinkingSupport
    /// The soft switch that holds; `nil` if there is none, or if the request ignores them.
    public let softSwitch: SoftSwitch?

    private let speedSource: @Sendable () async -> ModelSpeed?

    /// The latest message of the user; empty if there is none.
    public var text: String { messages.last { $0.role == .user }?.text ?? "" }

    /// How fast the model is: as its latest replies were, or by a short measurement if there was none; `nil` if that fails.
    public func speed() async -> ModelSpeed? { await speedSource() }

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - messages: the conversation, the new message included.
    ///   - tools: what the model may call.
    ///   - promptTokens: tokens of the conversation as the template writes it.
    ///   - newTokens: tokens of them that must be computed; `nil` for all.
    ///   - support: what the model can do.
    ///   - softSwitch: the soft switch that holds.
    ///   - speed: finds out how fast the model is.
    public init(
        messages: [Message],
        tools: [ToolDefinition] = [],
        promptTokens: Int,
        newTokens: Int? = nil,
        support: ThinkingSupport = .hybrid,
        softSwitch: SoftSwitch? = nil,
        speed: @escaping @Sendable () async -> ModelSpeed? = { nil }
    ) {
        self.messages = messages
        self.tools = tools
        self.promptTokens = promptTokens
        self.newTokens = newTokens ?? promptTokens
        self.support = support
        self.softSwitch = softSwitch
        speedSource = speed
    }
}

/// What a ``ThinkingRouter`` decided, and why.
public struct ThinkingRoute: Sendable, Hashable {
    /// Why.
    public enum Reason: Sendable, Hashable {
        /// The model always thinks, or never.
        case onlyChoice
        /// A soft switch in the conversation says so.
        case softSwitch(SoftSwitch)
        /// Nothing speaks for thinking.
        case simple
        /// Something to calculate, to prove or to puzzle out.
        case reasoning
        /// A program to write or to understand.
        case code
        /// Much text, or several requests in one.
        case length
        /// A tool and its arguments are to be chosen.
        case tools
        /// A tool's result is to be put into words.
        case toolResult
        /// The time allowed leaves room for so many tokens of thinking only.
        case latency(tokens: Int)
        /// A router's own.
        case custom(String)
    }

    /// What the request does. ``Thinking/automatic`` stands for what the model does by itself.
    public let thinking: Thinking
    /// Why.
    public let reason: Reason

    /// Creates a decision.
    ///
    /// - Parameters:
    ///   - thinking: what the request does.
    ///   - reason: why.
    public init(_ thinking: Thinking, _ reason: Reason) {
        self.thinking = thinking
        self.reason = reason
    }
}

/// How fast a model is on this machine.
public struct ModelSpeed: Sendable, Hashable {
    /// Tokens of a prompt computed in a second.
    public let promptTokensPerSecond: Double
    /// Tokens generated in a second.
    public let tokensPerSecond: Double

    /// Creates a measurement; both values are taken as positive.
    ///
    /// - Parameters:
    ///   - promptTokensPerSecond: tokens of a prompt computed in a second.
    ///   - tokensPerSecond: tokens generated in a second.
    public init(promptTokensPerSecond: Double, tokensPerSecond: Double) {
        self.promptTokensPerSecond = promptTokensPerSecond
        self.tokensPerSecond = tokensPerSecond
    }
}
