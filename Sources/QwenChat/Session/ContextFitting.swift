/// Makes a conversation fit into a context, by a policy.
struct ContextFitting {
    let policy: ContextPolicy
    /// Tokens that the context holds.
    let contextTokens: Int
    /// Tokens that a prompt may have, so that there is room for an answer.
    let tokenLimit: Int
    /// How many tokens a conversation has.
    let count: @Sendable ([Message]) throws -> Int

    init(
        policy: ContextPolicy,
        contextTokens: Int,
        maxTokens: Int?,
        count: @escaping @Sendable ([Message]) throws -> Int
    ) {
        self.policy = policy
        self.contextTokens = contextTokens
        tokenLimit = contextTokens - min(max(1, maxTokens ?? .max), max(1, contextTokens / 4))
        self.count = count
    }

    /// The messages that the model gets to see, and what was left out.
    ///
    /// - Parameters:
    ///   - messages: the conversation.
    ///   - tokens: how many tokens it has.
    /// - Returns: the messages, and `nil` where nothing was left out.
    /// - Throws: ``SessionError/contextFull(promptTokens:contextTokens:)``, ``ChatTemplateError``, and what the
    ///   application's policy throws.
    /// - Complexity: O(n log n) in the length of the conversation, O(1) where it fits.
    func fit(_ messages: [Message], tokens: Int) throws -> (messages: [Message], reduction: ContextReduction?) {
        if case .error = policy {
            guard tokens < contextTokens else { throw full(tokens) }
            return (messages, nil)
        }
        guard tokens > tokenLimit else { return (messages, nil) }
        let parts = Parts(messages)
        let reduced: [Message]
        let dropped: [Message]
        switch policy {
        case .error, .dropOldestTurns, .truncateMiddle:
            let first = if case .truncateMiddle = policy { 1 } else { 0 }
            let range = try droppedTurns(in: parts, keepingFirst: first)
            reduced = parts.without(range)
            dropped = parts.turns[range].flatMap(\.messages).filter { $0.role != .system }
        case .custom(let choose):
            reduced = parts.system + (try choose(overflow(parts, tokens))).flatMap(\.messages)
            dropped = Self.missing(in: reduced, from: messages)
        }
        let left = try count(reduced)
        guard left < contextTokens else { throw full(left) }
        guard !dropped.isEmpty || left != tokens else { return (messages, nil) }
        return (
            reduced, ContextReduction(droppedMessages: dropped, fullPromptTokens: tokens, promptTokens: left)
        )
    }

    private func full(_ tokens: Int) -> SessionError {
        .contextFull(promptTokens: tokens, contextTokens: contextTokens)
    }

    private func overflow(_ parts: Parts, _ tokens: Int) -> ContextOverflow {
        let count = count
        return ContextOverflow(
            turns: parts.turns,
            promptTokens: tokens,
            tokenLimit: tokenLimit,
            contextTokens: contextTokens,
            count: { try count(parts.system + $0.flatMap(\.messages)) }
        )
    }

    /// As few turns as possible, oldest first, after the first few and before the last.
    private func droppedTurns(in parts: Parts, keepingFirst first: Int) throws -> Range<Int> {
        // More turns dropped are fewer tokens, so that the least sufficient number is found by halving.
        var low = 0
        var high = max(0, parts.turns.count - 1 - first)
        while low < high {
            let middle = (low + high) / 2
            let tokens = try count(parts.without(first..<first + middle))
            if tokens <= tokenLimit { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? 0..<0 : first..<first + low
    }

    /// The messages of a conversation that another lacks.
    private static func missing(in reduced: [Message], from messages: [Message]) -> [Message] {
        var left: [Message: Int] = [:]
        for message in reduced { left[message, default: 0] += 1 }
        // From the end, since what stays are the latest of equal messages.
        var dropped: [Message] = []
        for message in messages.reversed() {
            if let count = left[message], count > 0 { left[message] = count - 1 } else { dropped.append(message) }
        }
        return dropped.reversed()
    }

    /// A conversation in the parts that stay or go.
    struct Parts {
        /// The system messages at the beginning.
        let system: [Message]
        /// The turns after them.
        let turns: [ConversationTurn]

        init(_ messages: [Message]) {
            let system = messages.prefix { $0.role == .system }
            var turns: [ConversationTurn] = []
            for message in messages[system.endIndex...] {
                if message.role == .user || turns.isEmpty {
                    turns.append(ConversationTurn([message]))
                } else {
                    turns[turns.count - 1].messages.append(message)
                }
            }
            self.system = Array(system)
            self.turns = turns
        }

        /// The conversation without some turns, whose system messages stay.
        func without(_ dropped: Range<Int>) -> [Message] {
            system
                + turns.enumerated().flatMap { index, turn in
                    dropped.contains(index) ? turn.messages.filter { $0.role == .system } : turn.messages
                }
        }
    }
}
