/// A conversation as a session holds it: every message, oldest first.
///
/// A system message, if there is one, comes first. An assistant's message keeps its reasoning; whether the model gets to see
/// that again is the template's decision.
public struct Transcript: Sendable, Hashable {
    /// The messages, oldest first.
    public var messages: [Message]

    /// Creates a transcript.
    ///
    /// - Parameter messages: the messages, oldest first.
    public init(_ messages: [Message] = []) {
        self.messages = messages
    }
}

extension Transcript: RandomAccessCollection {
    /// The first message's position.
    public var startIndex: Int { messages.startIndex }
    /// The position after the last message.
    public var endIndex: Int { messages.endIndex }
    /// The message at a position.
    public subscript(position: Int) -> Message { messages[position] }
}
