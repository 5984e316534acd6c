import QwenTensor

/// What a model will take in memory, computed from the headings of its files alone.
///
/// The parts are what the engine allocates for them, in whole pages where it allocates pages. What remains of conversations
/// that have ended (``EngineOptions/retainedPrefixByteCount``) comes on top.
public struct MemoryPlan: Sendable, Hashable {
    /// Bytes of the weights as the files store them.
    public let storedWeights: Int

    /// Bytes of the weights in memory: packed where products take integers (``QwenTensor/Arithmetic/fast``,
    /// ``QwenTensor/Arithmetic/precise``), else as they are stored.
    public let weights: Int

    /// Bytes of the experts of a mixture, as they are in memory: all of them.
    public let experts: Int

    /// Bytes of the experts that are in memory at a time: fewer than ``experts`` where they are read on demand. A part of
    /// ``weights``.
    public let residentExperts: Int

    /// Bytes of the keys and values of all sequences, in pages of 256 tokens, where no two begin alike.
    public let keysAndValues: Int

    /// Bytes that the engine computes in: activations, logits, inputs in other forms, rotary tables, and what each sequence needs
    /// to choose its tokens.
    public let scratch: Int

    /// The most bytes of weights while they are loaded: those in memory, and what is packed from more than a few rows of the file.
    public let loadingPeak: Int

    /// The bytes at the most: of loading, or of computing after it.
    public var total: Int { max(loadingPeak, weights + keysAndValues + scratch) }

    /// Plans.
    ///
    /// - Parameters:
    ///   - checkpoint: the model; its weights are not read.
    ///   - options: how the engine will use the machine.
    ///   - contextTokens: tokens of each sequence, prompt and answer together; nil for the model's maximum.
    ///   - sequences: how many are in memory at a time.
    /// - Throws: `EngineError.invalidCapacity` or `.invalidOption`, `.expertLimitTooSmall` or `.expertNotReadable`.
    /// - Complexity: O(number of tensors)
    public init(
        _ checkpoint: Checkpoint,
        options: EngineOptions = EngineOptions(),
        contextTokens: Int? = nil,
        sequences: Int = 1
    ) throws(EngineError) {
        let configuration = checkpoint.configuration
        let maximum = configuration.contextLength
        let tokens = contextTokens ?? maximum
        guard tokens >= 1, tokens <= maximum else { throw .invalidCapacity(tokens, maximum: maximum) }
        guard (1...4096).contains(sequences) else { throw .invalidOption(name: "sequences", value: sequences) }
        let layout = KeyValueLayout(configuration, type: options.keyValueType)
        guard let page = try? layout.pageByteCount() else { throw .invalidCapacity(tokens, maximum: maximum) }
        let count = KeyValueLayout.pages(positions: tokens) * sequences
        let (all, overflow) = Self.pages(page).multipliedReportingOverflow(by: count)
        guard !overflow else { throw .invalidCapacity(tokens, maximum: maximum) }
        keysAndValues = all

        let residency = try options.experts.resolved(for: checkpoint, configuration, options)
        var tally = WeightTally(checkpoint, options.arithmetic)
        // In the order in which they are loaded.
        tally.add(configuration.embeddingWeight)
        for layer in 0..<configuration.layerCount {
            for weight in configuration.weights(ofLayer: layer) { tally.add(weight) }
            let experts = configuration.mixture.map { $0.isSparse(layer: layer) ? $0.experts : 0 } ?? 0
            for expert in 0..<experts {
                for weight in configuration.weights(ofExpert: expert, inLayer: layer) {
                    tally.add(weight, isExpert: true, isAbsent: residency != .resident)
                }
            }
        }
        tally.add(configuration.finalNormWeight)
        if let output = configuration.outputWeight { tally.add(output) }
        storedWeights = tally.stored
        experts = tally.experts
        if case .onDemand(let byteLimit) = residency, let mixture = configuration.mixture {
            let footprint = ExpertFootprint(checkpoint, options.arithmetic)
            let slots = try ExpertSlotPlan(layers: footprint.slotByteCounts, mixture, byteLimit: byteLimit)
            residentExperts = slots.byteCount
            weights = tally.memory + slots.byteCount
        } else {
            residentExperts = tally.experts
            weights = tally.memory
        }
        loadingPeak = tally.peak
        scratch = Self.scratch(configuration, options, tokens: tokens, sequences, tally.inputForms)
    }

    private static func scratch(
        _ configuration: ModelConfiguration,
        _ options: EngineOptions,
        tokens: Int,
        _ sequences: Int,
        _ inputForms: InputForms
    ) -> Int {
        let workers = options.threadCount ?? WorkerPool.defaultWorkerCount
        // Rows that are never used are never touched, and so take no memory.
        let rows = max(1, min(options.prefillChunk, tokens))
        let sizes = WorkspaceSizes(configuration, rows: rows, logitRows: ForwardPass.logitRows, workers: workers)
        var bytes = sizes.byteCount
        bytes += LinearScratch.byteCount(
            workerCount: workers,
            maxInputs: sizes.widestInput,
            slots: sizes.slots,
            inputForms: inputForms
        )
        if let mixture = configuration.mixture {
            bytes += MixtureWorkspace.byteCount(mixture, hiddenSize: configuration.hiddenSize, rows: rows)
        }
        bytes += RotaryTable.byteCount(positions: tokens, chunk: rows, headDimension: configuration.headDimension)
        return bytes + sequences * Candidates.byteCount(vocabularySize: configuration.vocabularySize)
    }

    /// The bytes of the pages that an allocation takes.
    static func pages(_ byteCount: Int) -> Int {
        let page = 2 << 20
        guard byteCount >= 2 * page else { return byteCount }
        return (byteCount + page - 1) / page * page
    }
}

/// Adds weights up, one after another as they are loaded.
private struct WeightTally {
    private let checkpoint: Checkpoint
    private let arithmetic: Arithmetic
    private(set) var stored = 0
    private(set) var memory = 0
    private(set) var experts = 0
    private(set) var peak = 0
    private(set) var inputForms: InputForms = []

    init(_ checkpoint: Checkpoint, _ arithmetic: Arithmetic) {
        self.checkpoint = checkpoint
        self.arithmetic = arithmetic
    }

    /// - Parameters:
    ///   - weight: the weight.
    ///   - isExpert: whether it is an expert's.
    ///   - isAbsent: whether it stays in the file.
    mutating func add(_ weight: WeightShape, isExpert: Bool = false, isAbsent: Bool = false) {
        let before = (memory, peak)
        add(weight, checkpoint.byteCount(of: weight))
        if isExpert { experts += memory - before.0 }
        if isAbsent { (memory, peak) = before }
    }

    private mutating func add(_ weight: WeightShape, _ byteCount: Int) {
        stored += byteCount
        if weight.shape.count == 1 {
            // Vectors are kept as floats.
            memory += weight.shape[0] * MemoryLayout<Float>.stride
        } else if weight.shape.count == 2, let stored = checkpoint.stored(weight.name), let type = stored.elementType {
            let footprint = LinearWeights.footprint(
                of: type,
                outputs: weight.shape[0],
                inputs: weight.shape[1],
                arithmetic: arithmetic
            )
            inputForms.formUnion(footprint.inputForms)
            if let packed = footprint.packedByteCount {
                memory += packed
                // Rows that must be put in another order are read before they are packed, all others while they are.
                if stored.rotaryRows != nil { peak = max(peak, memory + MemoryPlan.pages(byteCount)) }
            } else {
                memory += MemoryPlan.pages(byteCount)
            }
        } else {
            memory += byteCount
        }
        peak = max(peak, memory)
    }
}
