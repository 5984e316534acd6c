import QwenJSON

/// Why something is no transcript.
public enum TranscriptError: Error, Sendable, Hashable {
    /// It was written in a form that this version does not know.
    ///
    /// - Parameters:
    ///   - version: the form's number.
    ///   - supported: the latest that is known.
    case unsupportedVersion(Int, supported: Int)
    /// A role that no template knows.
    case unknownRole(String, message: Int)
}

extension TranscriptError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .unsupportedVersion(let version, let supported):
            "The transcript has the version \(version), but only versions up to \(supported) are known."
        case .unknownRole(let role, let message):
            "messages[\(message)] of the transcript has the unknown role “\(role)”."
        }
    }
}

/// Written as `{"version": 1, "messages": […]}`, each message with the keys that chat interfaces use: `role`, `content` (a
/// string, null, or a list of `{"type": "text", "text": …}`), `reasoning_content`, `tool_calls`, `name`, `tool_call_id`.
/// The arguments of a call are written as JSON text, so that the order of their keys and the digits of their numbers
/// survive every encoder.
///
/// What is read is data: rendering marks all of it as content, whatever it says.
extension Transcript: Codable {
    /// The version that is written.
    public static let version = 1

    private enum Key: String, CodingKey {
        case version
        case messages
    }

    /// Reads a transcript.
    ///
    /// - Throws: ``TranscriptError``, or what the decoder throws.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let version = try container.decode(Int.self, forKey: .version)
        guard version == Self.version else {
            throw TranscriptError.unsupportedVersion(version, supported: Self.version)
        }
        let coded = try container.decode([CodedMessage].self, forKey: .messages)
        var messages: [Message] = []
        messages.reserveCapacity(coded.count)
        for (index, message) in coded.enumerated() { messages.append(try message.message(at: index)) }
        self.init(messages)
    }

    /// Writes the transcript.
    ///
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(Self.version, forKey: .version)
        try container.encode(messages.map(CodedMessage.init), forKey: .messages)
    }
}

/// A message as a transcript writes it.
private struct CodedMessage: Codable {
    enum CodingKeys: String, CodingKey {
        case role
        case content
        case reasoning = "reasoning_content"
        case calls = "tool_calls"
        case toolName = "name"
        case toolCallID = "tool_call_id"
    }

    let role: String
    let content: Content
    let reasoning: String?
    let calls: [Call]?
    let toolName: String?
    let toolCallID: String?

    init(_ message: Message) {
        role = message.role.rawValue
        content = Content(value: message.content)
        reasoning = message.reasoning
        calls = message.toolCalls.isEmpty ? nil : message.toolCalls.map(Call.init)
        toolName = message.toolName
        toolCallID = message.toolCallID
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        role = try container.decode(String.self, forKey: .role)
        content = try container.decodeIfPresent(Content.self, forKey: .content) ?? Content(value: .none)
        reasoning = try container.decodeIfPresent(String.self, forKey: .reasoning)
        calls = try container.decodeIfPresent([Call].self, forKey: .calls)
        toolName = try container.decodeIfPresent(String.self, forKey: .toolName)
        toolCallID = try container.decodeIfPresent(String.self, forKey: .toolCallID)
    }

    func message(at index: Int) throws(TranscriptError) -> Message {
        guard let known = Message.Role(rawValue: role) else { throw .unknownRole(role, message: index) }
        // What only one role has cannot come in with another.
        return Message(
            role: known,
            content: content.value,
            reasoning: known == .assistant ? reasoning : nil,
            toolCalls: known == .assistant ? (calls ?? []).map(\.call) : [],
            toolName: known == .tool ? toolName : nil,
            toolCallID: known == .tool ? toolCallID : nil
        )
    }

    struct Content: Codable {
        let value: Message.Content

        private struct Part: Codable {
            let type: String
            let text: String
        }

        init(value: Message.Content) {
            self.value = value
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = .none
            } else if let text = try? container.decode(String.self) {
                value = .text(text)
            } else {
                let parts = try container.decode([Part].self)
                if let other = parts.first(where: { $0.type != "text" }) {
                    throw DecodingError.dataCorruptedError(
                        in: container,
                        debugDescription: "A part of type “\(other.type)”; only text parts can be read."
                    )
                }
                value = .parts(parts.map(\.text))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .text(let text): try container.encode(text)
            case .parts(let parts): try container.encode(parts.map { Part(type: "text", text: $0) })
            case .none: try container.encodeNil()
            }
        }
    }

    struct Call: Codable {
        private struct Function: Codable {
            let name: String
            let arguments: String
        }

        private let id: String?
        private let type: String?
        private let function: Function

        init(_ call: ToolCall) {
            id = call.id
            type = "function"
            function = Function(name: call.name, arguments: call.arguments.serialized())
        }

        /// The call; arguments that are no JSON stay a string.
        var call: ToolCall {
            let arguments = try? JSONValue(parsing: function.arguments)
            return ToolCall(id: id, name: function.name, arguments: arguments ?? .string(function.arguments))
        }
    }
}
