import QwenModel

/// What a request's thinking comes to, for the template and for the engine.
///
/// For a hybrid model the switches rank so: the request's own ``Thinking`` decides; where it says nothing, the latest soft
/// switch, if those are heeded; else the model thinks. A soft switch never reaches the template: the model obeys it itself.
struct ThinkingPlan: Sendable {
    /// Whether the model thinks: decides which of the model's defaults hold.
    let isThinking: Bool
    /// The switch of the hybrid templates.
    let enableThinking: Bool?
    /// Whether the thinking block is opened for the model, which then cannot be talked out of it.
    let opensBlock: Bool
    /// What a router decided, if it was asked.
    let routing: ThinkingRoute?
    /// The asked-for budget.
    private let budget: Int?

    /// Decides for a request.
    ///
    /// - Parameters:
    ///   - requested: what the request or a router asks for.
    ///   - softSwitch: the soft switch that holds, if they are heeded.
    ///   - handling: whether the request heeds soft switches.
    ///   - routing: what a router decided, if it was asked.
    ///   - model: the model that answers.
    /// - Throws: ``SessionError/thinkingNotSupported(requested:support:)``,
    ///   ``SessionError/invalidThinkingBudget(_:)``.
    init(
        _ requested: Thinking?,
        softSwitch: SoftSwitch?,
        handling: SoftSwitch.Handling,
        routing: ThinkingRoute? = nil,
        for model: QwenLanguageModel
    ) throws(SessionError) {
        let support = model.thinkingSupport
        let thinking = routing?.thinking ?? requested
        if let thinking, !support.allows(thinking) {
            throw .thinkingNotSupported(requested: thinking, support: support)
        }
        var opensBlock = handling == .ignored
        switch thinking {
        case .off?:
            isThinking = false
            budget = nil
        case .on?:
            isThinking = true
            budget = nil
        case .budget(let tokens)?:
            guard tokens >= 0 else { throw .invalidThinkingBudget(tokens) }
            guard model.thinkingMarkup != nil else {
                throw .thinkingNotSupported(requested: .budget(tokens), support: support)
            }
            isThinking = tokens > 0 || support == .always
            budget = isThinking ? tokens : nil
        case .automatic?, nil:
            isThinking =
                switch support {
                case .never: false
                case .always: true
                case .hybrid: softSwitch != .noThink
                }
            budget = nil
        }
        if support != .hybrid || !isThinking { opensBlock = false }
        self.opensBlock = opensBlock
        self.routing = routing
        // A soft switch alone leaves the template as it is: the model was trained to write the empty block itself.
        let isHardOff = !isThinking && (thinking != nil && thinking != .automatic)
        enableThinking = support == .hybrid ? !isHardOff : nil
    }

    /// How the engine is to watch the thinking.
    ///
    /// - Parameters:
    ///   - isOpen: whether the prompt ends inside of a thinking block.
    ///   - limit: the most tokens that can be generated: what the request allows and the context holds.
    ///   - spent: tokens that were generated for thinking in earlier rounds of the same request.
    ///   - options: the request's options.
    ///   - markup: the tokens around a thinking block; `nil` if there are none.
    ///   - answerNow: closes the thinking from outside.
    /// - Returns: `nil` where nothing is to be watched.
    func control(
        isOpen: Bool,
        limit: Int,
        spent: Int = 0,
        options: GenerationOptions,
        markup: ThinkingMarkup?,
        answerNow: AnswerNowSignal
    ) -> ThinkingControl? {
        // After a soft switch too: the model may disregard it.
        guard isThinking || enableThinking == true || isOpen, let markup else { return nil }
        var budget = clippedBudget(limit: limit, reserve: options.answerReserve, closing: markup.earlyStop.count)
        if let asked = self.budget { budget = min(budget ?? asked, max(0, asked - spent)) }
        return ThinkingControl(
            openingToken: markup.openingToken,
            closingToken: markup.closingToken,
            isOpen: isOpen,
            budget: budget,
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
        return max(0, limit - reserve - closing)
    }
}
