internal import QwenGrammar
import QwenModel
import QwenTokenizer

extension ChatSession {
    /// A generation that has begun.
    struct Generation {
        let events: AsyncThrowingStream<GenerationEvent, any Error>
        /// Whether the prompt ended inside of a thinking block.
        let startsInThinking: Bool
        /// What did not fit into the context.
        let reduction: ContextReduction?
    }

    /// The conversation that a request asks to be answered.
    ///
    /// - Throws: ``SessionError/emptyTranscript``.
    func messages(of request: Request) throws(SessionError) -> [Message] {
        var messages = transcript.messages
        if let prompt = request.prompt { messages.append(.user(prompt)) }
        guard messages.contains(where: { $0.role != .system }) else { throw .emptyTranscript }
        return messages
    }

    /// Decides whether a request's answer begins with thinking, for all of its rounds; the caller holds the claim.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - tools: what the model may call.
    /// - Returns: the decision.
    /// - Throws: ``SessionError``, ``ChatTemplateError``, `EngineError` or `CancellationError`.
    func plan(_ request: Request, tools: [ToolDefinition]) async throws -> ThinkingPlan {
        let handling = request.options.softSwitches
        let messages = try messages(of: request)
        let softSwitch = handling == .heeded ? SoftSwitch.latest(in: messages) : nil
        var routing: ThinkingRoute?
        if request.thinking == .automatic {
            let promptTokens = try model.tokenCount(for: messages, tools: tools)
            let model = model
            let task = ThinkingTask(
                messages: messages,
                tools: tools,
                promptTokens: promptTokens,
                newTokens: max(1, promptTokens - (try makeContext().cachedTokens)),
                support: model.thinkingSupport,
                softSwitch: softSwitch,
                speed: {
                    if let speed = model.speed { return speed }
                    return try? await model.measureSpeed()
                }
            )
            routing = await router.route(task)
            try Task.checkCancellation()
        }
        return try ThinkingPlan(
            request.thinking,
            softSwitch: softSwitch,
            handling: handling,
            routing: routing,
            for: model
        )
    }

    /// Starts the generation of a request, or of another round of it; the caller holds the claim.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - plan: what was decided about its thinking.
    ///   - tools: what the model may call.
    ///   - turns: what the request has added to the conversation so far.
    ///   - thinkingTokens: tokens that it has spent on thinking so far, which its budget has no more.
    /// - Returns: the generation.
    /// - Throws: ``SessionError``, ``ChatTemplateError`` or `EngineError`.
    func begin(
        _ request: Request,
        _ plan: ThinkingPlan,
        tools: [ToolDefinition],
        after turns: [Message],
        spent thinkingTokens: Int = 0
    ) throws -> Generation {
        let context = try makeContext()
        let markup = model.thinkingMarkup
        let render: @Sendable ([Message]) throws -> (ids: [Int], isOpen: Bool) = { [model] messages in
            let prompt = try model.template.render(messages, tools: tools, enableThinking: plan.enableThinking)
            let ids = model.tokenizer.encode(segments: prompt.segments)
            guard plan.opensBlock, let markup else { return (ids, prompt.ending == .openThinking) }
            return (ids + markup.opening, true)
        }
        let options = model.defaults.resolve(request.options, thinking: plan.isThinking)
        let fitting = ContextFitting(
            policy: contextPolicy,
            contextTokens: context.capacity,
            maxTokens: options.maxTokens,
            count: { try render($0).ids.count }
        )
        let all = try messages(of: request) + turns
        var (ids, isOpen) = try render(all)
        let (messages, reduction) = try fitting.fit(all, tokens: ids.count)
        if reduction != nil { (ids, isOpen) = try render(messages) }
        var generation = model.defaults.request(
            prompt: ids,
            options: request.options,
            thinking: plan.isThinking,
            stopTokens: model.stopTokens
        )
        generation.thinking = plan.control(
            isOpen: isOpen,
            // The last token of a full context is generated and not computed.
            limit: min(generation.maxTokens, context.capacity - ids.count + 1),
            spent: thinkingTokens,
            options: request.options,
            markup: markup,
            answerNow: request.answerNow
        )
        generation.constraint = constraint(
            on: request,
            tools: tools,
            isFirstTurn: turns.isEmpty,
            stopTokens: generation.stopTokens
        )
        return Generation(
            events: model.engine.generate(generation, in: context),
            startsInThinking: isOpen,
            reduction: reduction
        )
    }

    /// What a turn of the model is held to; nil for nothing.
    private func constraint(
        on request: Request,
        tools: [ToolDefinition],
        isFirstTurn: Bool,
        stopTokens: Set<Int>
    ) -> TurnConstraint? {
        var name: String?
        var demandsCall = false
        if isFirstTurn {
            switch request.options.toolChoice {
            case .auto, .none: break
            case .required: demandsCall = true
            case .named(let choice):
                demandsCall = true
                name = choice
            }
        }
        var calls: CallConstraint?
        if !tools.isEmpty, toolPolicy.constrainsCalls {
            calls = callConstraints.value(tools, named: name, for: model, maximum: toolPolicy.maximumCalls)
            // Only the name of a call in Coder's form is held to anything, where there must be one.
            if calls?.isWhole == false, !demandsCall, request.constraint == nil { calls = nil }
        }
        demandsCall = demandsCall && calls != nil
        guard request.constraint != nil || calls != nil else { return nil }
        return TurnConstraint(
            answer: request.constraint,
            calls: calls,
            demandsCall: demandsCall,
            model: model,
            stopTokens: stopTokens
        )
    }

    /// How many tokens the conversation has, tools included, as the model's template writes it for the next answer.
    ///
    /// - Parameter prompt: what the user would say next; `nil` for the conversation as it stands.
    /// - Returns: tokens, the opening of the answer's turn included.
    /// - Throws: ``ChatTemplateError`` for a conversation that the template has no form for.
    /// - Complexity: O(n) in the size of the conversation; nothing is computed by the model.
    public func tokenCount(for prompt: String? = nil) throws(ChatTemplateError) -> Int {
        var messages = transcript.messages
        if let prompt { messages.append(.user(prompt)) }
        return try model.tokenCount(for: messages, tools: (try? tools(for: options.toolChoice))?.definitions ?? [])
    }
}
