/// How the engine watches a model think, and how it makes it stop.
///
/// The thinking block begins where the prompt opens it (``isOpen``) or with ``openingToken`` as the first token generated,
/// and ends with ``closingToken``. When it is to end early, the engine appends ``closingTokens`` to what was generated,
/// computes them in one pass like a piece of the prompt, and goes on sampling: the answer. All of it happens on the engine's
/// thread, between two tokens, so that nothing waits for the consumer of the events.
///
/// The tokens put in are handed out like the others, as ``GeneratedToken``s whose ``GeneratedToken/source`` is
/// ``GeneratedToken/Source/thinkingControl``, and count as generated.
///
/// Source: "Thinking Budget", Qwen3 Technical Report, §4.3; the recipe in Qwen's documentation.
public struct ThinkingControl: Sendable {
    /// The token that opens a thinking block.
    public var openingToken: Int
    /// The token that closes it.
    public var closingToken: Int
    /// Whether the prompt ends inside of a thinking block.
    public var isOpen: Bool
    /// The most tokens to generate before the thinking is closed, those of the opening tag included; `nil` for no limit.
    ///
    /// If the thinking is still open after that many, it is closed. With 0 it is closed before the first token.
    public var budget: Int?
    /// What closes a thinking block early, the closing token and what follows it included.
    public var closingTokens: [Int]
    /// What stands for a thinking block that is closed before it was opened.
    public var emptyBlock: [Int]
    /// What counts as thinking in circles, which closes the block; `nil` not to look.
    public var loops: LoopDetection?
    /// Closes the thinking from outside.
    public var answerNow: AnswerNowSignal?

    /// Describes how to watch a model think.
    ///
    /// - Parameters:
    ///   - openingToken: the token that opens a thinking block.
    ///   - closingToken: the token that closes it.
    ///   - isOpen: whether the prompt ends inside of a thinking block.
    ///   - budget: the most tokens to generate before the thinking is closed; `nil` for no limit.
    ///   - closingTokens: what closes a thinking block early.
    ///   - emptyBlock: what stands for a thinking block that is closed before it was opened.
    ///   - loops: what counts as thinking in circles.
    ///   - answerNow: closes the thinking from outside.
    public init(
        openingToken: Int,
        closingToken: Int,
        isOpen: Bool = false,
        budget: Int? = nil,
        closingTokens: [Int],
        emptyBlock: [Int],
        loops: LoopDetection? = nil,
        answerNow: AnswerNowSignal? = nil
    ) {
        self.openingToken = openingToken
        self.closingToken = closingToken
        self.isOpen = isOpen
        self.budget = budget
        self.closingTokens = closingTokens
        self.emptyBlock = emptyBlock
        self.loops = loops
        self.answerNow = answerNow
    }
}

/// What ended a model's thinking.
public enum ThinkingEnd: String, Sendable, Hashable, CaseIterable {
    /// The model itself.
    case model
    /// The budget was spent.
    case budget
    /// An answer was asked for; see ``AnswerNowSignal``.
    case answerNow
    /// It went in circles; see ``LoopDetection``.
    case loop
    /// Nothing: the generation ended inside of it.
    case unfinished
}
