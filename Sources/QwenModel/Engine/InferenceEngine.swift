import QwenTensor
import Synchronization

/// Runs a model: turns token ids into the next ones, on threads of its own.
///
/// Any number of tasks may ask at once; their requests take turns, a token or a chunk of a prompt each. Nothing runs on
/// Swift's cooperative pool, and nothing is computed when nobody asks. When the last reference goes, running requests are
/// worked off and the threads end.
public final class InferenceEngine: Sendable {
    /// The model's shape.
    public let configuration: ModelConfiguration

    /// How the engine uses the machine, with the number of threads filled in.
    public let options: EngineOptions

    /// Whether the engine has a draft model.
    public let hasDraft: Bool

    let queue = JobQueue()
    private let layout: KeyValueLayout
    private let pageMemory: KeyValuePageMemory
    private let expertActivity: ExpertActivity?

    /// How often experts were used and had to be read so far; nil where all of them are in memory.
    public var expertCounts: ExpertCounts? { expertActivity?.counts }

    /// Starts an engine.
    ///
    /// - Parameters:
    ///   - weights: the model's weights.
    ///   - draft: the weights of a smaller model with the same vocabulary, which guesses tokens for this one (see
    ///     ``Speculation``); a tenth of the size or less is worth a try. The text stays this model's.
    ///   - options: how to use the machine.
    /// - Throws: `EngineError` for an option out of range or a draft with another vocabulary, `TensorError` when working memory
    ///   cannot be had.
    public init(
        _ weights: ModelWeights,
        draft: ModelWeights? = nil,
        options: EngineOptions = EngineOptions()
    ) throws {
        var options = options
        let threads = options.threadCount ?? WorkerPool.defaultWorkerCount
        guard (1...256).contains(threads) else {
            throw EngineError.invalidOption(name: "threadCount", value: threads)
        }
        guard (1...4096).contains(options.prefillChunk) else {
            throw EngineError.invalidOption(name: "prefillChunk", value: options.prefillChunk)
        }
        guard options.retainedPrefixByteCount >= 0 else {
            throw EngineError.invalidOption(
                name: "retainedPrefixByteCount",
                value: options.retainedPrefixByteCount
            )
        }
        let vocabulary = weights.configuration.vocabularySize
        if let draft, draft.configuration.vocabularySize != vocabulary {
            throw EngineError.draftVocabularyDiffers(draft: draft.configuration.vocabularySize, model: vocabulary)
        }
        options.threadCount = threads
        self.options = options
        configuration = weights.configuration
        hasDraft = draft != nil
        let pool = try WorkerPool(workerCount: threads)
        layout = KeyValueLayout(weights.configuration, type: options.keyValueType)
        pageMemory = KeyValuePageMemory(spareByteLimit: options.retainedPrefixByteCount)
        let pass = try ForwardPass(weights, options: options, pool: pool, pageMemory: pageMemory)
        expertActivity = pass.expertActivity
        pass.draft = try draft.map {
            try ForwardPass($0, options: options, pool: pool, pageMemory: KeyValuePageMemory(spareByteLimit: 0))
        }
        try EngineThread.start(queue: queue, pass: pass)
    }

    /// Pages of keys and values in memory: those that contexts hold, each counted once, and those that are retained.
    package var keyValuePageCount: Int { pageMemory.pages.load(ordering: .relaxed) }

    /// Positions of such a page.
    package static var keyValuePagePositions: Int { KeyValueLayout.pagePositions }

    deinit {
        queue.close()
    }

    /// Makes the context of a new conversation.
    ///
    /// Its memory grows with the tokens in it; `capacity` is the limit, not the size at the start.
    ///
    /// - Parameter capacity: the most tokens it may hold; nil for the model's own maximum.
    /// - Returns: an empty context.
    /// - Throws: `EngineError.invalidCapacity`.
    public func makeContext(capacity: Int? = nil) throws -> InferenceContext {
        let maximum = configuration.contextLength
        let capacity = capacity ?? maximum
        guard capacity >= 1, capacity <= maximum else {
            throw EngineError.invalidCapacity(capacity, maximum: maximum)
        }
        return InferenceContext(
            capacity: capacity,
            engine: ObjectIdentifier(self),
            queue: queue,
            cache: KeyValueCache(layout, memory: pageMemory)
        )
    }

    /// Generates tokens after a prompt.
    ///
    /// The work starts at once. Cancelling the consuming task, or dropping the stream, stops it within one layer of the
    /// model's pass; what was computed until then stays in the context's cache.
    ///
    /// - Parameters:
    ///   - request: the prompt and how to go on from it.
    ///   - context: the conversation; free, or in use by a request that was cancelled.
    /// - Returns: the events of the generation. The stream throws `EngineError`, `SamplingError` for parameters out of range,
    ///   `TensorError` when memory for the cache cannot be had, and `CancellationError`.
    public func generate(
        _ request: GenerationRequest,
        in context: InferenceContext
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        do {
            try check(request, in: context)
            let job = GenerationJob(request: request, context: context, continuation: continuation)
            guard context.acquire(for: job.cancellation) else { throw EngineError.contextBusy }
            let cancellation = job.cancellation
            let keptAlive = self
            continuation.onTermination = { termination in
                if case .cancelled = termination { cancellation.raise() }
                _ = keptAlive  // an engine with a running request is not closed by the loss of its last reference
            }
            queue.push(job)
        } catch {
            continuation.finish(throwing: error)
        }
        return stream
    }

    /// Tells what the model says of given tokens: logits and likelihood.
    ///
    /// - Parameters:
    ///   - tokens: token ids, at least one.
    ///   - positions: the positions after which the logits are wanted.
    ///   - likelihood: whether to compute the likelihood of the tokens, which takes the logits of every position.
    /// - Returns: the logits after the positions, and the likelihood.
    /// - Throws: `EngineError`, `TensorError`, `CancellationError`.
    /// - Complexity: one pass over the tokens; O(positions × vocabulary) floats are returned.
    public func evaluate(_ tokens: [Int], logitsAt positions: [Int], likelihood: Bool = true) async throws -> Evaluation
    {
        try check(tokens: tokens, contextTokens: configuration.contextLength)
        if let outside = positions.first(where: { !tokens.indices.contains($0) }) {
            throw EngineError.positionOutOfRange(outside, tokens: tokens.count)
        }
        return try await answer(
            of: EvaluationJob(
                tokens: tokens.map { Int32(truncatingIfNeeded: $0) },
                positions: positions,
                measuresLikelihood: likelihood
            )
        )
    }

    /// Measures how fast the engine's threads can read this model's weights: the wall that decoding runs against, since each
    /// token of a dense model reads them all.
    ///
    /// It is measured on the weights themselves because memory of another age may lie in pages of another size, which
    /// changes the speed more than twofold on virtual machines.
    ///
    /// - Returns: 10⁹ bytes per second, the best of three passes over all weights.
    /// - Throws: `CancellationError`.
    public func measureReadBandwidth() async throws -> Double {
        try await answer(of: ReadBandwidthJob())
    }

    private func check(_ request: GenerationRequest, in context: InferenceContext) throws {
        guard context.engine == ObjectIdentifier(self) else { throw EngineError.foreignContext }
        guard request.maxTokens >= 1 else { throw EngineError.invalidMaxTokens(request.maxTokens) }
        try check(tokens: request.prompt, contextTokens: context.capacity)
        try request.sampling.validate(vocabularySize: configuration.vocabularySize)
        if let speculation = request.speculation {
            guard hasDraft || speculation.method != .draftModel else { throw EngineError.noDraftModel }
            guard (1...Speculation.largestTokenCount).contains(speculation.maxTokens) else {
                throw EngineError.invalidOption(name: "speculation.maxTokens", value: speculation.maxTokens)
            }
        }
        if let thinking = request.thinking {
            try check(inVocabulary: thinking.closingTokens)
            try check(inVocabulary: thinking.emptyBlock)
        }
    }

    private func check(tokens: [Int], contextTokens: Int) throws(EngineError) {
        guard !tokens.isEmpty else { throw .emptyPrompt }
        guard tokens.count <= contextTokens else {
            throw .contextFull(promptTokens: tokens.count, contextTokens: contextTokens)
        }
        try check(inVocabulary: tokens)
    }

    private func check(inVocabulary tokens: [Int]) throws(EngineError) {
        for (index, id) in tokens.enumerated() where id < 0 || id >= configuration.vocabularySize {
            throw .tokenOutOfRange(id: id, index: index, vocabularySize: configuration.vocabularySize)
        }
    }
}
