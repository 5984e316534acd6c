import Synchronization

/// One request's way through the model: prefill in chunks, then a token a step.
///
/// Between two steps, ``choose(_:)`` is where everything that steers a generation comes in, in this order:
///
/// 1. What ends the thinking may put in tokens (``ThinkingTracker/closeIfDue()``).
/// 2. If it does not, the sampler chooses one; what forbids tokens has its turn before, on the pass's logits.
/// 3. The chosen token is told to whoever follows the output, and 1 is asked again: the token and what is put in after it
///    are computed together.
///
/// Every token, chosen or put in, goes through ``append(_:)``, which counts it against the limits, tells it to the sampler's
/// penalties, hands it out and lines it up in `pending`. The next step computes all of `pending`, however long, in chunks
/// like a prompt. A constraint on the answer belongs into 2 (its mask) and 3 (a run of tokens that it leaves no choice
/// about), from the moment when `thinking` is over. Guessed tokens (``Speculator``) are computed with the one that is pending, and
/// then 1 to 3 happen at each of them as if it had been computed alone, until something else comes out than was guessed.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class GenerationJob: EngineJob, @unchecked Sendable {
    typealias Continuation = AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    private let request: GenerationRequest
    private let context: InferenceContext
    private let continuation: Continuation
    private let clock = ContinuousClock()

    /// The prompt's ids, then the tokens to compute next: usually one.
    private var pending: [Int32]
    /// The first of `pending` that is not in the cache.
    private var next = 0
    private var sampler: Sampler?
    private var thinking: ThinkingTracker?
    /// The answer as far as it is held to a constraint; nil before it begins.
    private var constrained: (any ConstrainedText)?
    private var speculator: Speculator?

    private var cachedTokens = 0
    private var generatedTokens = 0
    private var forcedTokens = 0
    private var decodeSteps = 0
    private var start: ContinuousClock.Instant?
    private var prefillEnd: ContinuousClock.Instant?
    private var firstToken: ContinuousClock.Instant?
    private var lastToken: ContinuousClock.Instant?

    init(request: GenerationRequest, context: InferenceContext, continuation: Continuation) {
        self.request = request
        self.context = context
        self.continuation = continuation
        pending = request.prompt.map { Int32(truncatingIfNeeded: $0) }
        thinking = request.thinking.map(ThinkingTracker.init)
        super.init(cancellation: CancellationFlag())
    }

    override func finishCancelled() {
        context.release(from: cancellation)
        continuation.finish(throwing: CancellationError())
    }

    override func step(_ pass: ForwardPass) -> Bool {
        do {
            if sampler == nil {
                try begin(pass)
            }
            return try compute(pass)
        } catch {
            context.release(from: cancellation)
            continuation.finish(throwing: error)
            return false
        }
    }

    override var nextToken: (token: Int32, cache: KeyValueCache)? {
        guard prefillEnd != nil, next + 1 == pending.count else { return nil }
        return (pending[next], context.cache.value)
    }

    override func prepareRow() -> Bool {
        do {
            try context.cache.value.reserve(context.cache.value.count + 1)
            return true
        } catch {
            context.release(from: cancellation)
            continuation.finish(throwing: error)
            return false
        }
    }

    override func finishRow(_ pass: ForwardPass, row: Int) -> Bool {
        let count = context.cache.value.count
        next += 1
        publish(pass, countBefore: count - 1)
        context.cachedCount.store(count, ordering: .relaxed)
        decodeSteps += 1
        do {
            guard let reason = try choose(pass.checkedLogits(row: row, position: count - 1)) else { return true }
            finish(reason, pass)
        } catch {
            context.release(from: cancellation)
            continuation.finish(throwing: error)
        }
        return false
    }

    /// Finds what the cache already holds of the prompt, and makes room for the rest.
    private func begin(_ pass: ForwardPass) throws {
        start = clock.now
        sampler = try Sampler(
            request.sampling,
            vocabularySize: pass.configuration.vocabularySize,
            prompt: request.prompt
        )
        let cache = context.cache.value
        pass.refresh(cache)
        // The last token of the prompt is always computed: its logits are what the answer begins with.
        cachedTokens = min(pass.prefixes.extend(cache, for: pending), pending.count - 1)
        cache.truncate(to: cachedTokens)
        context.cachedCount.store(cachedTokens, ordering: .relaxed)
        pass.prefixes.trim()
        next = cachedTokens
        let expected = pending.count + min(request.maxTokens, Self.reservedAnswerTokens)
        speculator = request.speculation.map { speculation in
            Speculator(speculation, prompt: pending, capacity: expected, draft: draftCache(pass))
        }
        continuation.yield(.prompt(total: pending.count, cached: cachedTokens))
    }

    /// Leaves out what another sequence has computed in the meantime: of several that begin alike and come at the same time, each
    /// computes a chunk in turn.
    private func skipComputed(_ pass: ForwardPass) {
        guard prefillEnd == nil, next > cachedTokens else { return }
        let cache = context.cache.value
        let found = min(pass.prefixes.extend(cache, for: pending), pending.count - 1)
        guard found > next else { return }
        cache.truncate(to: found)
        context.cachedCount.store(found, ordering: .relaxed)
        cachedTokens += found - next
        next = found
    }

    /// Lets others use what was computed: at the end of each chunk of a prompt, and when a page is full.
    private func publish(_ pass: ForwardPass, countBefore: Int) {
        let cache = context.cache.value
        guard prefillEnd == nil || KeyValueLayout.isPageFilled(from: countBefore, to: cache.count) else { return }
        pass.prefixes.publish(cache)
    }

    /// Tokens of an answer for which there is room from the start, where tokens are guessed.
    private static let reservedAnswerTokens = 1024

    /// Computes a chunk of what is pending and, after the last, chooses what comes next.
    private func compute(_ pass: ForwardPass) throws -> Bool {
        skipComputed(pass)
        let count = min(pass.maximumRows, pending.count - next)
        let isLast = next + count == pending.count
        let isStep = prefillEnd != nil && pending.count == 1
        if isStep {
            switch try guess(pass) {
            case .guesses: return try verify(pass)
            case .unfinished: return true
            case .none: break
            }
        }
        let start = clock.now
        let done = try pass.run(
            pending[next..<next + count],
            cache: context.cache.value,
            logits: isLast ? .last : .none,
            cancellation: cancellation
        )
        guard done else { return true }
        if isStep { pass.costs.note(rows: 1, seconds: (clock.now - start) / .seconds(1)) }
        next += count
        publish(pass, countBefore: context.cache.value.count - count)
        context.cachedCount.store(context.cache.value.count, ordering: .relaxed)
        if prefillEnd == nil {
            continuation.yield(.prefillProgress(done: next, total: pending.count))
        }
        guard isLast else { return true }
        if prefillEnd == nil {
            prefillEnd = clock.now
        } else {
            decodeSteps += 1
        }
        guard let reason = try choose(pass.logits) else { return true }
        finish(reason, pass)
        return false
    }

    // MARK: Guesses

    /// The draft's cache of this context; nil where there is no draft.
    private func draftCache(_ pass: ForwardPass) -> KeyValueCache? {
        if context.draftCache.value == nil { context.draftCache.value = pass.draft?.makeCache() }
        return context.draftCache.value
    }

    /// Guesses what follows the pending token.
    private func guess(_ pass: ForwardPass) throws -> Speculator.Outcome {
        let room = context.capacity - context.cache.value.count - 1
        let wanted = request.maxTokens - generatedTokens - 1
        let limit = min(pass.maximumGuesses, room, wanted)
        return try speculator?.propose(after: pending[next], limit: limit, pass, cancellation: cancellation) ?? .none
    }

    /// Computes the pending token and the guesses, and goes on for as long as the guesses are what comes.
    private func verify(_ pass: ForwardPass) throws -> Bool {
        guard let rows = speculator?.rows else { return true }
        let cache = context.cache.value
        let countBefore = cache.count
        defer { publish(pass, countBefore: countBefore) }
        let start = clock.now
        guard try pass.verify(rows, cache: cache, cancellation: cancellation) else { return true }
        pass.costs.note(rows: rows.count, seconds: (clock.now - start) / .seconds(1))
        decodeSteps += 1
        for row in rows.indices {
            // The row is what is pending: the token itself, then one guess after the other.
            cache.append(rows[row...row])
            next += 1
            context.cachedCount.store(cache.count, ordering: .relaxed)
            if let reason = try choose(pass.checkedLogits(row: row, position: cache.count - 1)) {
                speculator?.accept(row)
                finish(reason, pass)
                return false
            }
            guard row + 1 < rows.count, pending.count == 1, pending[0] == rows[row + 1] else {
                speculator?.accept(row)
                break
            }
        }
        return true
    }

    /// Decides on the next tokens, after everything before them was computed.
    ///
    /// - Returns: why the generation ends; nil if it goes on.
    private func choose(_ logits: UnsafeMutableBufferPointer<Float>) throws -> GenerationSummary.Reason? {
        pending.removeAll(keepingCapacity: true)
        next = 0
        if let reason = try closeThinkingIfDue() ?? appendForced() { return reason }
        guard pending.isEmpty, let token = try sample(logits) else { return nil }
        noteTime()
        if request.stopTokens.contains(token.id) { return .stopToken(token.id) }
        let wasThinking = isThinking
        thinking?.accept(token.id)
        let generated = GeneratedToken(
            id: token.id,
            source: .model,
            logProbability: token.logProbability,
            topLogProbabilities: token.topLogProbabilities
        )
        if let reason = append(generated) { return reason }
        if request.constraint?.isOwed == true, wasThinking, !isThinking, let separator = thinking?.separator {
            if let reason = try append(separator, source: .thinkingControl) { return reason }
        }
        return try closeThinkingIfDue() ?? appendForced()
    }

    private var isThinking: Bool { thinking?.phase == .inside }

    private func closeThinkingIfDue() throws -> GenerationSummary.Reason? {
        guard let tokens = thinking?.closeIfDue() else { return nil }
        return try append(tokens, source: .thinkingControl)
    }

    /// Lines up tokens that the model did not choose.
    private func append(_ tokens: [Int], source: GeneratedToken.Source) throws -> GenerationSummary.Reason? {
        noteTime()
        for id in tokens {
            try sampler?.append(id)
            forcedTokens += 1
            let token = GeneratedToken(id: id, source: source, logProbability: nil, topLogProbabilities: [])
            if let reason = append(token) { return reason }
        }
        return nil
    }

    // MARK: Constraint

    /// Chooses a token, among those that the constraint allows.
    private func sample(_ logits: UnsafeMutableBufferPointer<Float>) throws -> SampledToken? {
        guard let constraint = request.constraint else { return try sampler?.next(logits: logits) }
        if isThinking {
            guard constraint.isOwed else { return try sampler?.next(logits: logits) }
            for token in request.stopTokens where logits.indices.contains(token) { logits[token] = -.infinity }
            return try sampler?.next(logits: logits)
        }
        let text = constrained ?? constraint.begin()
        constrained = text
        let opening = thinking?.openingToken.flatMap { logits.indices.contains($0) ? ($0, logits[$0]) : nil }
        let stops = request.stopTokens.compactMap { logits.indices.contains($0) ? ($0, logits[$0]) : nil }
        text.restrict(logits)
        if let (token, logit) = opening { logits[token] = logit }
        if text.acceptsEnd { for (token, logit) in stops { logits[token] = logit } }
        while let token = try sampler?.next(logits: logits) {
            if token.id == opening?.0 || text.acceptsEnd && request.stopTokens.contains(token.id) { return token }
            if text.accept(token.id) { return token }
            // A repetition within one token, which the mask does not see.
            logits[token.id] = -.infinity
        }
        return nil
    }

    /// Lines up the tokens that the constraint leaves no choice about, and ends the generation where the text is whole.
    private func appendForced() throws -> GenerationSummary.Reason? {
        guard let constraint = request.constraint, thinking.map({ $0.phase == .over }) ?? true else { return nil }
        let text = constrained ?? constraint.begin()
        constrained = text
        while true {
            let taken = Array(text.forcedTokens().prefix { text.accept($0) })
            if taken.isEmpty { break }
            if let reason = try append(taken, source: .constraint) { return reason }
        }
        return text.isComplete ? .complete : nil
    }

    /// Hands a token out and lines it up to be computed.
    ///
    /// - Returns: why the generation ends with it; nil if it goes on.
    private func append(_ token: GeneratedToken) -> GenerationSummary.Reason? {
        generatedTokens += 1
        speculator?.append(Int32(truncatingIfNeeded: token.id), isChosen: token.source == .model)
        continuation.yield(.token(token))
        if generatedTokens == request.maxTokens { return .maxTokens }
        if context.cache.value.count + pending.count >= context.capacity { return .contextFull }
        pending.append(Int32(truncatingIfNeeded: token.id))
        return nil
    }

    private func noteTime() {
        let now = clock.now
        if firstToken == nil { firstToken = now }
        lastToken = now
    }

    private func finish(_ reason: GenerationSummary.Reason, _ pass: ForwardPass) {
        let start = start ?? clock.now
        let firstToken = firstToken ?? clock.now
        let summary = GenerationSummary(
            reason: reason,
            promptTokens: request.prompt.count,
            cachedTokens: cachedTokens,
            generatedTokens: generatedTokens,
            forcedTokens: forcedTokens,
            thinkingEnd: thinking?.end,
            timeToFirstToken: firstToken - start,
            prefillDuration: (prefillEnd ?? firstToken) - start,
            decodeDuration: (lastToken ?? firstToken) - firstToken,
            decodeSteps: decodeSteps,
            proposedTokens: speculator?.proposedTokens ?? 0,
            acceptedTokens: speculator?.acceptedTokens ?? 0
        )
        pass.prefixes.publish(context.cache.value)
        pass.prefixes.trim()
        context.release(from: cancellation)
        continuation.yield(.finished(summary))
        continuation.finish()
    }
}
