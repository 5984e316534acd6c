/// One turn of a conversation.
///
/// Made through ``system(_:)``, ``user(_:)``, ``assistant(_:reasoning:toolCalls:)`` and ``tool(_:name:callID:)``, so that
/// what only one role has (an assistant's reasoning, a tool's call) cannot stand on another; or read from the JSON form
/// that the published chat templates take, with ``init(json:)``.
///
/// A message is data from outside. Rendering marks all of it as content, and content is never encoded as a control token.
public struct Message: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// The application: rules for the conversation.
        case system
        /// The person who asks.
        case user
        /// The model.
        case assistant
        /// A tool that the model called.
        case tool
    }

    /// What a message carries.
    public enum Content: Sendable, Hashable {
        /// One text, the usual case.
        case text(String)
        /// A list of texts, as chat interfaces send it.
        ///
        /// The published templates leave such a content out or raise an error (see ``ContentPolicy/reference``);
        /// ``ContentPolicy/isolated`` joins the texts.
        case parts([String])
        /// Nothing: an assistant's turn that only calls tools.
        case none

        /// The content as one text: parts joined without a separator, nothing as the empty text.
        public var text: String {
            switch self {
            case .text(let text): text
            case .parts(let parts): parts.joined()
            case .none: ""
            }
        }
    }

    /// Who speaks.
    public let role: Role
    /// What is said.
    public let content: Content
    /// The assistant's reasoning, without its tags; `nil` where none is known. Always `nil` for the other roles.
    public let reasoning: String?
    /// The calls that an assistant makes, in order. Always empty for the other roles.
    public let toolCalls: [ToolCall]
    /// The name of the tool whose result this is, where known.
    public let toolName: String?
    /// The identifier of the call that this result answers, where known.
    public let toolCallID: String?

    /// The content as one text.
    public var text: String { content.text }

    init(
        role: Role,
        content: Content,
        reasoning: String? = nil,
        toolCalls: [ToolCall] = [],
        toolName: String? = nil,
        toolCallID: String? = nil
    ) {
        self.role = role
        self.content = content
        self.reasoning = reasoning
        self.toolCalls = toolCalls
        self.toolName = toolName
        self.toolCallID = toolCallID
    }

    /// The application's rules for the conversation.
    public static func system(_ text: String) -> Message {
        Message(role: .system, content: .text(text))
    }

    /// What the person says.
    public static func user(_ text: String) -> Message {
        Message(role: .user, content: .text(text))
    }

    /// What the model said.
    ///
    /// - Parameters:
    ///   - text: the answer, without reasoning and without calls.
    ///   - reasoning: what the model thought before, without the tags around it.
    ///   - toolCalls: the calls after the text, in order.
    /// - Returns: the message.
    public static func assistant(
        _ text: String,
        reasoning: String? = nil,
        toolCalls: [ToolCall] = []
    ) -> Message {
        Message(role: .assistant, content: .text(text), reasoning: reasoning, toolCalls: toolCalls)
    }

    /// What a tool returned.
    ///
    /// - Parameters:
    ///   - text: the result as the model shall read it.
    ///   - name: the tool's name.
    ///   - callID: the identifier of the call that this answers.
    /// - Returns: the message.
    public static func tool(_ text: String, name: String? = nil, callID: String? = nil) -> Message {
        Message(role: .tool, content: .text(text), toolName: name, toolCallID: callID)
    }
}
