import QwenModel

/// What a request's thinking comes to, for the template and for the engine.
struct ThinkingPlan {
    /// Whether the model thinks: decides which of the model's defaults hold.
    let isThinking: Bool
    /// The switch of the hybrid templates.
    let enableThinking: Bool?
    /// The asked-for budget.
    private let budget: Int?

    /// Decides for a request.
    ///
    /// - Throws: ``SessionError/thinkingNotSupported(requested:support:)``,
    ///   ``SessionError/invalidThinkingBudget(_:)``.
    init(_ requested: Thinking?, for model: QwenLanguageModel) throws(SessionError) {
        let support = model.thinkingSupport
        let thinking = requested ?? support.defaultThinking
        guard support.allows(thinking) else { throw .thinkingNotSupported(requested: thinking, support: support) }
        switch thinking {
        case .off:
            isThinking = false
            budget = nil
        case .on:
            isThinking = true
            budget = nil
        case .budget(let tokens):
            guard tokens >= 0 else { throw .invalidThinkingBudget(tokens) }
            guard model.thinkingMarkup != nil else {
                throw .thinkingNotSupported(requested: thinking, support: support)
            }
            isThinking = tokens > 0 || support == .always
            budget = isThinking ? tokens : nil
        }
        enableThinking = support == .hybrid ? isThinking : nil
    }

    /// How the engine is to watch the thinking.
    ///
    /// - Parameters:
    ///   - isOpen: whether the prompt ends inside of a thinking block.
    ///   - limit: the most tokens that can be generated: what the request allows and the context holds.
    ///   - options: the request's options.
    ///   - markup: the tokens around a thinking block; `nil` if there are none.
    ///   - answerNow: closes the thinking from outside.
    /// - Returns: `nil` where nothing is to be watched.
    func control(
        isOpen: Bool,
        limit: Int,
        options: GenerationOptions,
        markup: ThinkingMarkup?,
        answerNow: AnswerNowSignal
    ) -> ThinkingControl? {
        guard isThinking, let markup else { return nil }
        return ThinkingControl(
            openingToken: markup.openingToken,
            closingToken: markup.closingToken,
            isOpen: isOpen,
            budget: clippedBudget(limit: limit, reserve: options.answerReserve, closing: markup.earlyStop.count),
            closingTokens: markup.earlyStop,
            emptyBlock: markup.emptyBlock,
            loops: options.thinkingLoops,
            answerNow: answerNow
        )
    }

    /// The budget that leaves room for the sentence that closes the thinking and for the answer.
    private func clippedBudget(limit: Int, reserve: Int?, closing: Int) -> Int? {
        guard budget != nil || reserve != nil else { return nil }
        let limit = max(0, limit)
        let reserve = min(max(0, reserve ?? min(GenerationOptions.largestDefaultReserve, limit / 4)), limit)
        return min(budget ?? .max, max(0, limit - reserve - closing))
    }
}
