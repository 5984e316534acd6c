import QwenTensor

/// The model at work: computes rows of tokens against a cache, on a pool of workers.
///
/// One thread owns a pass and calls it; the workers join for the length of a call. Nothing is allocated in a call unless the
/// cache or the rotary table has to grow.
final class ForwardPass {
    /// The model's shape.
    let configuration: ModelConfiguration

    private var plan: ModelPlan
    /// Counts changes of the adapters; a cache filled under another count is stale.
    private var adapterGeneration = 0
    private let pool: WorkerPool
    private let workspace: Workspace
    /// What the last call computed in, where its logits are.
    private var memory: PassMemory
    private let rotary: RotaryTable
    private let layout: KeyValueLayout
    private let pageMemory: KeyValuePageMemory
    private let shape: ForwardShape
    /// What other sequences have computed.
    var prefixes: PrefixTree
    /// What passes were seen to cost.
    var costs = PassCosts()
    /// The pass of a smaller model that guesses for this one, on the same pool.
    var draft: ForwardPass?
    private var modelHash: ModelHash?
    /// Where the weights are that are not in memory yet.
    private var deferred: DeferredWeights
    /// Experts that are read on demand; nil where all are in memory.
    private let experts: ExpertCache?
    /// The last call's step: the norms of its rows are still in the workspace. Its tokens are gone.
    private var lastStep: ForwardStep?

    /// The most rows in one call.
    var maximumRows: Int { workspace.maximumRows }

    /// The most rows in one call of `project`.
    var maximumLogitRows: Int { workspace.maximumLogitRows }

    init(_ weights: ModelWeights, options: EngineOptions, pool: WorkerPool, pageMemory: KeyValuePageMemory) throws {
        configuration = weights.configuration
        guard Kernels.supportsHeadDimension(configuration.headDimension) else {
            throw EngineError.unsupportedHeadDimension(configuration.headDimension)
        }
        plan = ModelPlan(weights)
        deferred = DeferredWeights(weights)
        self.pool = pool
        workspace = try Workspace(
            configuration,
            rows: min(options.prefillChunk, configuration.contextLength),
            logitRows: Self.logitRows,
            workers: pool.workerCount,
            inputForms: plan.inputForms
        )
        memory = workspace.memory(rows: 1)
        experts = try ExpertCache(weights, panelByteCount: workspace.scratch.panelByteCount)
        rotary = try RotaryTable(configuration)
        layout = KeyValueLayout(configuration, type: options.keyValueType)
        self.pageMemory = pageMemory
        shape = ForwardShape(configuration)
        prefixes = PrefixTree(byteLimit: options.retainedPrefixByteCount)
    }

    /// Replaces the adapters.
    ///
    /// - Throws: `AdapterError`; nothing is changed then.
    func attach(_ adapters: [AttachedAdapter]) throws(AdapterError) {
        plan = ModelPlan(try plan.weights.with(adapters))
        adapterGeneration += 1
        prefixes.reset(adapterGeneration: adapterGeneration)
        experts?.reset(hasUpdates: hasAdapters)
        lastStep = nil
    }

    /// How often experts were read on demand; nil where all are in memory.
    var expertActivity: ExpertActivity? { experts?.activity }

    /// Throws why weights could not be read in the last pass.
    private func checkReading() throws {
        try experts?.check()
        try plan.weights.failures.check()
    }

    /// Before a pass: brings weights into memory that are not there yet.
    private func bringWeights(forRows rows: Int) {
        deferred.advance(rows: rows, pool)
    }

    /// Brings some more weights into memory while there is nothing to compute.
    ///
    /// - Returns: false when all are there, or cannot be read.
    func bringWeightsWhileIdle() -> Bool {
        guard !deferred.isEmpty else { return draft?.bringWeightsWhileIdle() ?? false }
        return deferred.advance(pool) || (deferred.isEmpty && draft?.lacksWeights == true)
    }

    /// Whether weights are left to bring into memory.
    var lacksWeights: Bool { !deferred.isEmpty || draft?.lacksWeights == true }

    /// Whether keys and values depend on adapters.
    var hasAdapters: Bool { plan.weights.matrices.contains(where: \.isUpdated) }

    /// Computes a part of the model's hash.
    ///
    /// - Returns: the hash; nil as long as it is not complete.
    /// - Throws: why weights that are not in memory cannot be read.
    func advanceModelHash() throws -> [UInt8]? {
        try deferred.finish(pool)
        var hash = modelHash ?? ModelHash(plan.weights)
        try hash.advance(pool)
        modelHash = hash
        return hash.digest
    }

    /// Empties a cache that was filled under other adapters.
    func refresh(_ cache: KeyValueCache) {
        guard cache.adapterGeneration != adapterGeneration else { return }
        cache.truncate(to: 0)
        cache.adapterGeneration = adapterGeneration
    }

    /// Enough to read the output layer once for several rows, few enough to stay small beside a large vocabulary.
    static let logitRows = 8

    /// An empty cache that fits this model.
    func makeCache() -> KeyValueCache {
        KeyValueCache(layout, memory: pageMemory)
    }

    /// Which rows' logits a call computes.
    enum LogitRows {
        case none
        case last
    }

    /// Computes tokens that follow what the cache holds, and adds them to it.
    ///
    /// - Parameters:
    ///   - tokens: 1 to `maximumRows` ids, each in the vocabulary.
    ///   - cache: made for this model; not in use elsewhere.
    ///   - logits: whether to compute the logits after the last token, found in `logits` afterwards.
    ///   - cancellation: looked at after every layer.
    /// - Returns: false when it was cancelled; the cache is as before then.
    /// - Throws: `TensorError` when memory cannot be had, `EngineError.nonFiniteLogits`.
    func run(
        _ tokens: ArraySlice<Int32>,
        cache: KeyValueCache,
        logits: LogitRows,
        cancellation: CancellationFlag
    ) throws -> Bool {
        bringWeights(forRows: tokens.count)
        let end = cache.count + tokens.count
        try cache.reserve(end)
        try rotary.extend(to: end)
        tokens.withUnsafeBufferPointer { tokens in
            guard let base = tokens.baseAddress else { return }
            let step = step(
                base,
                rows: tokens.count,
                cache: cache,
                pages: cache.pageTable,
                sequences: nil,
                cancellation: cancellation
            )
            let wantsLogits = logits == .last
            pool.run(ForwardRegion(step: step, logitsOfLastRow: wantsLogits))
            lastStep = step
        }
        guard !workspace.stop.baseAddress.pointee else { return false }
        try checkReading()
        cache.append(tokens)
        if logits == .last {
            try checkLogits(rows: 1, firstPosition: end - 1)
        }
        return true
    }

    /// Computes a token that follows what the cache holds and guesses of the tokens after it, in one pass, and the logits after
    /// each of them, which have the same bits as those of passes with one token each.
    ///
    /// The cache counts none of them as stored; the caller appends what it accepts, the token first.
    ///
    /// - Parameters:
    ///   - tokens: 2 to `maximumGuesses` + 1 ids, each in the vocabulary.
    ///   - cache: made for this model; not in use elsewhere.
    ///   - cancellation: looked at after every layer.
    /// - Returns: false when it was cancelled.
    /// - Throws: `TensorError` when memory cannot be had.
    func verify(_ tokens: [Int32], cache: KeyValueCache, cancellation: CancellationFlag) throws -> Bool {
        bringWeights(forRows: tokens.count)
        let end = cache.count + tokens.count
        try cache.reserve(end)
        try rotary.extend(to: end)
        tokens.withUnsafeBufferPointer { tokens in
            guard let base = tokens.baseAddress else { return }
            let step = step(
                base,
                rows: tokens.count,
                cache: cache,
                pages: cache.pageTable,
                sequences: nil,
                computesRowsAlone: true,
                cancellation: cancellation
            )
            pool.run { worker in
                step.run(&worker, logitsOfLastRow: false)
                if !step.stop.pointee { step.project(first: 0, count: step.rows, &worker) }
            }
            lastStep = step
        }
        try checkReading()
        return !workspace.stop.baseAddress.pointee
    }

    /// The most guesses that `verify` takes beside a token.
    var maximumGuesses: Int { min(maximumRows, maximumLogitRows) - 1 }

    /// Computes one more token of each of several sequences, all of them together: the weights are read once for all.
    ///
    /// - Parameter batch: 2 to `maximumBatch` sequences, each with its next token; no cache twice, and each with room for one
    ///   more position.
    /// - Throws: `TensorError` when memory cannot be had; all caches are as before then.
    func run(_ batch: [(token: Int32, cache: KeyValueCache)]) throws {
        bringWeights(forRows: batch.count)
        try rotary.extend(to: (batch.map(\.cache.count).max() ?? 0) + 1)
        let tokens = batch.map(\.token)
        let places = batch.map { SequencePlace(position: $0.cache.count, pages: $0.cache.pageTable) }
        guard let first = batch.first else { return }
        tokens.withUnsafeBufferPointer { tokens in
            places.withUnsafeBufferPointer { places in
                guard let base = tokens.baseAddress, let sequences = places.baseAddress else { return }
                let step = step(
                    base,
                    rows: tokens.count,
                    cache: first.cache,
                    pages: sequences.pointee.pages,
                    sequences: sequences,
                    cancellation: CancellationFlag()
                )
                pool.run(ForwardRegion(step: step, logitsOfLastRow: false))
                lastStep = step
            }
        }
        try checkReading()
        for row in batch { row.cache.append(row.token) }
    }

    /// The most sequences of a batch.
    var maximumBatch: Int { min(Self.batchRows, workspace.maximumRows) }

    /// Enough to fill the kernels for many rows, few enough that one step does not take long.
    private static let batchRows = 32

    /// Computes the logits of some rows of the last batch, each to be looked at with `checkedLogits(row:position:)`.
    func projectBatch(_ rows: Range<Int>) {
        guard let lastStep else { return }
        pool.run { worker in
            lastStep.project(first: rows.lowerBound, count: rows.count, &worker)
        }
    }

    /// The logits of a row of the last `projectBatch` or `verify`.
    ///
    /// - Throws: `EngineError.nonFiniteLogits`, or why weights could not be read.
    func checkedLogits(row: Int, position: Int) throws -> UnsafeMutableBufferPointer<Float> {
        try checkReading()
        let logits = logits(row: row)
        guard let base = logits.baseAddress, Kernels.current.allFinite(base, .float32, count: logits.count) else {
            throw EngineError.nonFiniteLogits(position: position)
        }
        return logits
    }

    /// Computes the logits after some rows of the last call of `run`.
    ///
    /// - Parameters:
    ///   - rows: at most `maximumLogitRows` of that call's rows.
    ///   - firstPosition: the position of the first of them, for the error.
    /// - Throws: `EngineError.nonFiniteLogits`, or why weights could not be read.
    func project(_ rows: Range<Int>, firstPosition: Int) throws {
        guard let lastStep else { return }
        pool.run { worker in
            lastStep.project(first: rows.lowerBound, count: rows.count, &worker)
        }
        try checkReading()
        try checkLogits(rows: rows.count, firstPosition: firstPosition)
    }

    /// The logits of the last row that was asked for: [vocabulary]. Valid until the next call; may be overwritten.
    var logits: UnsafeMutableBufferPointer<Float> { logits(row: 0) }

    /// The token with the greatest of these.
    var likeliestToken: Int32 {
        let logits = logits
        guard let base = logits.baseAddress else { return 0 }
        return Int32(truncatingIfNeeded: Kernels.current.indexOfMaximum(base, count: logits.count))
    }

    /// The logits of a row of the last `project`: [vocabulary].
    func logits(row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: memory.logits + row * shape.vocabulary,
            count: shape.vocabulary
        )
    }

    /// −log p(token) in nats under the given logits.
    func negativeLogLikelihood(of token: Int, logits: UnsafeMutableBufferPointer<Float>) -> Double {
        guard let base = logits.baseAddress else { return 0 }
        return Kernels.current.logSumExp(base, count: logits.count) - Double(logits[token])
    }

    /// Reads every matrix of the model that is in memory once, all workers together, and does nothing else.
    ///
    /// - Returns: the number of bytes read.
    /// - Throws: why weights that were not in memory yet cannot be read.
    func readWeights() throws -> Int {
        try deferred.finish(pool)
        // The plan keeps the memory alive, and nobody writes to it.
        let matrices = plan.weights.matrices.filter { $0.stored == nil }
        nonisolated(unsafe) let parts = matrices.flatMap { [$0.bytes] + $0.bytesApart }
        nonisolated(unsafe) let sums = UnsafeMutableBufferPointer(start: memory.logits, count: shape.vocabulary)
        pool.run { worker in
            var sum = SIMD8<UInt64>.zero
            for part in parts {
                guard let base = part.baseAddress else { continue }
                let lines = worker.range(of: part.count / 256)
                var (sum0, sum1, sum2, sum3) = (sum, sum, sum, sum)
                for line in lines {
                    let offset = line &* 256
                    sum0 &+= base.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
                    sum1 &+= base.loadUnaligned(fromByteOffset: offset &+ 64, as: SIMD8<UInt64>.self)
                    sum2 &+= base.loadUnaligned(fromByteOffset: offset &+ 128, as: SIMD8<UInt64>.self)
                    sum3 &+= base.loadUnaligned(fromByteOffset: offset &+ 192, as: SIMD8<UInt64>.self)
                }
                sum = sum0 &+ sum1 &+ sum2 &+ sum3
            }
            // The sum goes where the next call overwrites it, so that it cannot be left out.
            sums[worker.index % sums.count] = Float(sum.wrappedSum() & 1)
        }
        return parts.reduce(0) { $0 + $1.count / 256 * 256 }
    }

    private func checkLogits(rows: Int, firstPosition: Int) throws(EngineError) {
        for row in 0..<rows {
            let start = memory.logits + row * shape.vocabulary
            guard Kernels.current.allFinite(start, .float32, count: shape.vocabulary) else {
                throw .nonFiniteLogits(position: firstPosition + row)
            }
        }
    }

    private func step(
        _ tokens: UnsafePointer<Int32>,
        rows: Int,
        cache: KeyValueCache,
        pages: UnsafePointer<UnsafeRawPointer>,
        sequences: UnsafePointer<SequencePlace>?,
        computesRowsAlone: Bool = false,
        cancellation: CancellationFlag
    ) -> ForwardStep {
        memory = workspace.memory(rows: rows)
        return ForwardStep(
            shape: shape,
            layers: plan.layers,
            head: plan.head,
            finalNorm: UnsafePointer(plan.weights.finalNorm.baseAddress),
            embeddings: plan.embeddings,
            tokens: tokens,
            rows: rows,
            start: cache.count,
            sequences: sequences,
            computesRowsAlone: computesRowsAlone,
            cosines: rotary.cosines,
            sines: rotary.sines,
            layout: cache.layout,
            pages: pages,
            memory: memory,
            attentionScratchStride: workspace.sizes.attentionScratchStride,
            maximumParts: workspace.sizes.maximumParts,
            mixture: workspace.mixture.flatMap { memory in
                configuration.mixture.map { MixtureMemory(memory, $0) }
            },
            expertSlots: experts?.slots,
            scratch: workspace.scratch,
            preparesInputs: !plan.inputForms.isEmpty,
            stop: workspace.stop.baseAddress,
            cancellation: cancellation
        )
    }
}
