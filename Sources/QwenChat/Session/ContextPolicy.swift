/// What a session does when a conversation no longer fits into the context with room for an answer.
///
/// Only what the model gets to see is reduced; the transcript keeps everything, and ``Response/contextReduction`` tells what
/// was left out. System messages always stay, and so does the last turn, and a tool's call is never parted from its
/// result: whole turns go, each from a user's message up to the next. If that is not enough, the request throws
/// ``SessionError/contextFull(promptTokens:contextTokens:)``.
///
/// Room for an answer is the request's ``GenerationOptions/maxTokens``, a quarter of the context at most.
public enum ContextPolicy: Sendable {
    /// Nothing; the request throws ``SessionError/contextFull(promptTokens:contextTokens:)`` when no token of an answer
    /// would fit.
    case error
    /// The first turn stays, and those after it go, oldest first.
    case truncateMiddle
    /// Turns go, oldest first.
    case dropOldestTurns
    /// The application decides which turns stay; it may change them, or put a summary in their place.
    case custom(@Sendable (ContextOverflow) throws -> [ConversationTurn])
}

/// A user's message and all that belongs to it: the calls of tools, their results, the answer.
public struct ConversationTurn: Sendable, Hashable {
    /// The turn's messages, oldest first.
    public var messages: [Message]

    /// Creates a turn.
    ///
    /// - Parameter messages: the turn's messages, oldest first.
    public init(_ messages: [Message]) {
        self.messages = messages
    }
}

/// A conversation that does not fit, for ``ContextPolicy/custom(_:)``.
public struct ContextOverflow: Sendable {
    /// The turns, oldest first. Leading system messages are not among them; they stay.
    public let turns: [ConversationTurn]
    /// Tokens of the whole conversation as the template writes it.
    public let promptTokens: Int
    /// Tokens that it may have, so that there is room for an answer.
    public let tokenLimit: Int
    /// Tokens that the context holds.
    public let contextTokens: Int

    let count: @Sendable ([ConversationTurn]) throws -> Int

    /// How many tokens the conversation would have with these turns, the leading system messages included.
    ///
    /// - Parameter turns: the turns that stay.
    /// - Returns: tokens as the template writes them.
    /// - Throws: ``ChatTemplateError``.
    public func tokenCount(with turns: [ConversationTurn]) throws -> Int {
        try count(turns)
    }
}

/// What the model did not get to see of a conversation, because the context was full.
public struct ContextReduction: Sendable, Hashable {
    /// The messages left out, oldest first.
    public let droppedMessages: [Message]
    /// Tokens of the whole conversation.
    public let fullPromptTokens: Int
    /// Tokens of what was left.
    public let promptTokens: Int
}
