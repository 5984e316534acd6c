import Synchronization

/// One request's way through the model: prefill in chunks, then a token a step.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class GenerationJob: EngineJob, @unchecked Sendable {
    typealias Continuation = AsyncThrowingStream<GenerationEvent, any Error>.Continuation

    private let request: GenerationRequest
    private let context: InferenceContext
    private let continuation: Continuation
    private let clock = ContinuousClock()

    /// The prompt's ids, then the token to compute next.
    private var pending: [Int32]
    /// The first of `pending` that is not in the cache.
    private var next = 0
    private var sampler: Sampler?

    private var cachedTokens = 0
    private var generatedTokens = 0
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
            return try firstToken == nil ? prefillStep(pass) : decodeStep(pass)
        } catch {
            context.release(from: cancellation)
            continuation.finish(throwing: error)
            return false
        }
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
        cachedTokens = min(cache.commonPrefix(with: pending), pending.count - 1)
        cache.truncate(to: cachedTokens)
        context.cachedCount.store(cachedTokens, ordering: .relaxed)
        let expected = pending.count + min(request.maxTokens, Self.reservedAnswerTokens)
        try cache.reserve(min(expected, context.capacity))
        next = cachedTokens
        continuation.yield(.prompt(total: pending.count, cached: cachedTokens))
    }

    /// Room made for an answer at the start; a longer one grows the cache as it comes.
    private static let reservedAnswerTokens = 1024

    /// Computes a chunk of the prompt and, after the last, chooses the first token.
    private func prefillStep(_ pass: ForwardPass) throws -> Bool {
        let count = min(pass.maximumRows, pending.count - next)
        let isLast = next + count == pending.count
        let done = try pass.run(
            pending[next..<next + count],
            cache: context.cache.value,
            logits: isLast ? .last : .none,
            cancellation: cancellation
        )
        guard done else { return true }
        next += count
        context.cachedCount.store(next, ordering: .relaxed)
        continuation.yield(.prefillProgress(done: next, total: pending.count))
        guard isLast else { return true }
        prefillEnd = clock.now
        return try sample(pass)
    }

    /// Computes the newest token and chooses the next.
    private func decodeStep(_ pass: ForwardPass) throws -> Bool {
        let done = try pass.run(pending[...], cache: context.cache.value, logits: .last, cancellation: cancellation)
        guard done else { return true }
        context.cachedCount.store(context.cache.value.count, ordering: .relaxed)
        decodeSteps += 1
        return try sample(pass)
    }

    /// Chooses a token from the pass's logits and hands it out, or ends the generation.
    private func sample(_ pass: ForwardPass) throws -> Bool {
        guard let token = try sampler?.next(logits: pass.logits) else { return false }
        let now = clock.now
        if firstToken == nil {
            firstToken = now
        }
        lastToken = now
        if request.stopTokens.contains(token.id) {
            return finish(.stopToken(token.id))
        }
        generatedTokens += 1
        continuation.yield(
            .token(
                GeneratedToken(
                    id: token.id,
                    logProbability: token.logProbability,
                    topLogProbabilities: token.topLogProbabilities
                )
            )
        )
        if generatedTokens == request.maxTokens {
            return finish(.maxTokens)
        }
        if context.cache.value.count >= context.capacity {
            return finish(.contextFull)
        }
        pending.removeAll(keepingCapacity: true)
        pending.append(Int32(truncatingIfNeeded: token.id))
        return true
    }

    private func finish(_ reason: GenerationSummary.Reason) -> Bool {
        let start = start ?? clock.now
        let firstToken = firstToken ?? clock.now
        let summary = GenerationSummary(
            reason: reason,
            promptTokens: request.prompt.count,
            cachedTokens: cachedTokens,
            generatedTokens: generatedTokens,
            timeToFirstToken: firstToken - start,
            prefillDuration: (prefillEnd ?? firstToken) - start,
            decodeDuration: (lastToken ?? firstToken) - firstToken,
            decodeSteps: decodeSteps
        )
        context.release(from: cancellation)
        continuation.yield(.finished(summary))
        continuation.finish()
        return false
    }
}
