import QwenModel
import QwenTokenizer

/// One request on its way: from the claim of the session to the last event.
///
/// Whoever iterates owns it. When it goes, whatever the reason, the generation stops and the session is free again.
final class ResponseRun {
    private enum Phase {
        case idle
        case running(AsyncThrowingStream<GenerationEvent, any Error>.Iterator)
        case over
    }

    private let session: ChatSession
    private let request: ChatSession.Request
    private var phase = Phase.idle
    private var hasClaim = false

    private var parser: OutputParser
    private var events: [OutputEvent] = []
    private var delivered = 0
    private var summary: GenerationSummary?
    private var hasToldUsage = false
    private var plan: ThinkingPlan?
    private var reduction: ContextReduction?

    private var text = ""
    private var thinking = ""
    private var thinkingTokens = 0
    private var answerTokens = 0
    private var tokens: [GeneratedToken] = []

    init(session: ChatSession, request: ChatSession.Request) {
        self.session = session
        self.request = request
        // A session without tools takes calls for text.
        parser = OutputParser(tokenizer: session.model.tokenizer, family: .chatML)
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
                if let summary {
                    if hasToldUsage { return .finished(complete(summary)) }
                    hasToldUsage = true
                    return .usage(usage(summary))
                }
                switch phase {
                case .over: return nil
                case .idle: try await start(isolation: actor)
                case .running: try await advance(isolation: actor)
                }
            }
        } catch {
            end()
            throw error
        }
    }

    private func start(isolation actor: isolated (any Actor)?) async throws {
        try Task.checkCancellation()
        try session.claim()
        hasClaim = true
        let plan = try await session.plan(request)
        self.plan = plan
        let generation = try session.begin(request, plan)
        reduction = generation.reduction
        parser = OutputParser(
            tokenizer: session.model.tokenizer,
            family: .chatML,
            startsInThinking: generation.startsInThinking
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
            take(token)
        case .finished(let summary)?:
            parser.finish(into: &events)
            self.summary = summary
        case nil:
            // A stream that ends without a summary was cancelled; the engine throws everything else.
            throw CancellationError()
        }
    }

    private func take(_ token: GeneratedToken) {
        let wasThinking = parser.isThinking
        // The sentence that ends the thinking may come in the middle of a character, which is never completed then.
        if wasThinking, token.source == .thinkingControl { parser.dropIncompleteCharacter() }
        parser.consume(token.id, into: &events)
        let isThinking = wasThinking || parser.isThinking || token.source == .thinkingControl
        if isThinking { thinkingTokens += 1 } else { answerTokens += 1 }
        if request.options.logProbabilities != nil { tokens.append(token) }
    }

    private func nextDelivered() -> ResponseStream.Event? {
        guard delivered < events.count else {
            events.removeAll(keepingCapacity: true)
            delivered = 0
            return nil
        }
        defer { delivered += 1 }
        switch events[delivered] {
        case .thinking(let piece):
            thinking += piece
            return .thinking(piece)
        case .text(let piece):
            text += piece
            return .text(piece)
        case .toolCallStarted, .toolCallDelta, .toolCall, .unknownTool, .malformedToolCall:
            return nil
        }
    }

    private func usage(_ summary: GenerationSummary) -> Usage {
        Usage(
            promptTokens: summary.promptTokens,
            cachedTokens: summary.cachedTokens,
            thinkingTokens: thinkingTokens,
            answerTokens: answerTokens,
            timeToFirstToken: summary.timeToFirstToken,
            prefillDuration: summary.prefillDuration,
            tokensPerSecond: summary.tokensPerSecond
        )
    }

    /// Puts the turn into the transcript; everything was delivered by now.
    private func complete(_ summary: GenerationSummary) -> Response {
        self.summary = nil
        session.model.speedRecord.note(summary)
        let response = Response(
            text: text,
            thinking: thinking.isEmpty ? nil : thinking,
            thinkingEnd: thinking.isEmpty && summary.thinkingEnd == .model ? nil : summary.thinkingEnd,
            routing: plan?.routing,
            contextReduction: reduction,
            usage: usage(summary),
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
        case .stopToken: self = .stop
        case .maxTokens: self = .length
        case .contextFull: self = .contextFull
        }
    }
}
