import QwenModel
import QwenTokenizer

/// One request on its way: from the claim of the session over the rounds with tools to the last event.
///
/// Whoever iterates owns it. When it goes, whatever the reason, the generation stops and the session is free again.
final class ResponseRun {
    private enum Phase {
        case idle
        /// The model speaks.
        case running(AsyncThrowingStream<GenerationEvent, any Error>.Iterator)
        /// The model's turn is over and asks for this.
        case calling([ToolBox.Request])
        /// The answer is complete.
        case ending(GenerationSummary)
        case over
    }

    private let session: ChatSession
    private let request: ChatSession.Request
    private var phase = Phase.idle
    private var hasClaim = false

    private var tools: ToolBox?
    private var plan: ThinkingPlan?
    private var reduction: ContextReduction?
    private var turn: ResponseTurn?
    private var events: [ResponseStream.Event] = []
    private var delivered = 0

    /// What the request adds to the transcript after the user's message.
    private var messages: [Message] = []
    private var callCount = 0
    private var rounds: [Usage] = []
    private var tokens: [GeneratedToken] = []

    init(session: ChatSession, request: ChatSession.Request) {
        self.session = session
        self.request = request
    }

    deinit {
        end()
    }

    /// Stops the generation, then frees the session, in this order: the next request must find the context free.
    private func end() {
        phase = .over
        if hasClaim {
            hasClaim = false
            session.release()
        }
    }

    func next(isolation actor: isolated (any Actor)?) async throws -> ResponseStream.Event? {
        do {
            while true {
                if let event = nextDelivered() { return event }
                switch phase {
                case .idle: try await start(isolation: actor)
                case .running: try await advance(isolation: actor)
                case .calling(let requests): try await call(requests, isolation: actor)
                case .ending(let summary): return .finished(complete(summary))
                case .over: return nil
                }
            }
        } catch {
            end()
            throw error
        }
    }

    private func nextDelivered() -> ResponseStream.Event? {
        guard delivered < events.count else {
            events.removeAll(keepingCapacity: true)
            delivered = 0
            return nil
        }
        defer { delivered += 1 }
        return events[delivered]
    }

    private func start(isolation actor: isolated (any Actor)?) async throws {
        try Task.checkCancellation()
        try session.claim()
        hasClaim = true
        tools = try session.tools(for: request.options.toolChoice)
        callCount = session.transcript.messages.reduce(0) { $0 + $1.toolCalls.count }
        let plan = try await session.plan(request, tools: tools?.definitions ?? [])
        self.plan = plan
        try beginTurn(plan)
    }

    private func beginTurn(_ plan: ThinkingPlan) throws {
        let definitions = tools?.definitions ?? []
        let generation = try session.begin(
            request,
            plan,
            tools: definitions,
            after: messages,
            spent: rounds.reduce(0) { $0 + $1.thinkingTokens }
        )
        reduction = generation.reduction
        let model = session.model
        turn = ResponseTurn(
            parser: OutputParser(
                tokenizer: model.tokenizer,
                // Where nothing can be called, what looks like a call is text.
                family: definitions.isEmpty ? .chatML : model.template.family,
                tools: definitions,
                startsInThinking: generation.startsInThinking
            ),
            callCount: callCount,
            keepsTokens: request.options.logProbabilities != nil
        )
        phase = .running(generation.events.makeAsyncIterator())
    }

    private func advance(isolation actor: isolated (any Actor)?) async throws {
        guard case .running(var iterator) = phase else { return }
        let event = try await iterator.next(isolation: actor)
        guard case .running = phase else { return }
        phase = .running(iterator)
        switch event {
        case .prompt?, .prefillProgress?:
            break
        case .token(let token)?:
            turn?.take(token, to: &events)
        case .finished(let summary)?:
            try endTurn(summary)
        case nil:
            // A stream that ends without a summary was cancelled; the engine throws everything else.
            throw CancellationError()
        }
    }

    private func endTurn(_ summary: GenerationSummary) throws {
        guard var turn else { return }
        turn.finish(to: &events)
        self.turn = turn
        session.model.speedRecord.note(summary)
        let usage = turn.usage(summary)
        events.append(.usage(usage))
        if rounds.isEmpty { try check(request.options.toolChoice, turn) }
        rounds.append(usage)
        tokens += turn.tokens
        messages.append(turn.message)
        phase = turn.requests.isEmpty ? .ending(summary) : .calling(turn.requests)
    }

    /// Compares the first turn with what was asked for.
    private func check(_ choice: ToolChoice, _ turn: ResponseTurn) throws(ToolCallingError) {
        let isMet =
            switch choice {
            case .auto, .none: true
            case .required: turn.requests.contains { if case .call = $0 { true } else { false } }
            case .named(let name): !turn.requests.isEmpty && turn.requests.allSatisfy { $0.call?.name == name }
            }
        if !isMet { throw .choiceNotMet(choice, answer: turn.text) }
    }

    private func call(_ requests: [ToolBox.Request], isolation actor: isolated (any Actor)?) async throws {
        guard let tools, let plan else { return }
        let limit = session.toolPolicy.maximumRounds
        guard rounds.count <= limit else { throw ToolCallingError.tooManyRounds(limit: limit) }
        let results = try await tools.run(requests)
        callCount += requests.count { $0.call != nil }
        for result in results {
            messages.append(result.message)
            events.append(.toolResult(result))
        }
        try beginTurn(plan)
    }

    /// Puts the request's turns into the transcript; everything was delivered by now.
    private func complete(_ summary: GenerationSummary) -> Response {
        let thinking = turn?.thinking ?? ""
        let response = Response(
            text: turn?.text ?? "",
            thinking: thinking.isEmpty ? nil : thinking,
            thinkingEnd: thinking.isEmpty && summary.thinkingEnd == .model ? nil : summary.thinkingEnd,
            routing: plan?.routing,
            contextReduction: reduction,
            usage: Usage(rounds),
            rounds: rounds,
            messages: messages,
            finishReason: FinishReason(summary.reason),
            logProbabilities: request.options.logProbabilities == nil ? nil : tokens
        )
        session.commit(request, response)
        end()
        return response
    }
}

extension FinishReason {
    init(_ reason: GenerationSummary.Reason) {
        switch reason {
        case .stopToken, .complete: self = .stop
        case .maxTokens: self = .length
        case .contextFull: self = .contextFull
        }
    }
}
