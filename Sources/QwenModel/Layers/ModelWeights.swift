public import QwenTensor

/// A model's weights in memory, ready to compute with.
///
/// Matrices keep the type they have in the checkpoint, in another order where products take integers
/// (``QwenTensor/Arithmetic/fast``, ``QwenTensor/Arithmetic/precise``); the small vectors (norms, biases) are kept as floats.
public final class ModelWeights: Sendable {
    /// The model's shape.
    public let configuration: ModelConfiguration

    /// [vocabulary, hidden]; also the output layer where the two are tied.
    let embeddings: LinearWeights

    /// [vocabulary, hidden].
    let head: LinearWeights

    /// [hidden].
    let finalNorm: AlignedBuffer<Float>

    /// One entry a layer, the first layer first.
    let layers: [LayerWeights]

    /// Bytes of all weights, a tied matrix counted once, experts that are read on demand too.
    public let byteCount: Int

    /// Matrices that were not in memory when loading ended, in the order of a pass.
    let deferred: [DeferredMatrix]

    /// Told when their rows cannot be read.
    let failures: ReadingFailures

    /// Where the experts of a mixture are: `.resident` or `.onDemand`. On demand, each engine has a memory of its own for them.
    public let experts: ExpertResidency

    /// Reads the weights that `configuration` calls for.
    ///
    /// - Parameters:
    ///   - configuration: the model's shape.
    ///   - source: where the tensors come from; asked for each once, with the shape it must have.
    ///   - arithmetic: how products with these weights treat their inputs.
    ///   - pool: who helps to prepare the weights; nil for the calling thread alone.
    ///   - preparation: when the weights of a ``CheckpointReader`` are brought into memory.
    ///   - experts: where the experts of a mixture are while the model is used; on demand only from a ``CheckpointReader``.
    /// - Throws: what the source throws, `TensorError` when memory cannot be had, `EngineError.expertLimitTooSmall` or
    ///   `.expertNotReadable`.
    public init(
        _ configuration: ModelConfiguration,
        from source: some WeightSource,
        arithmetic: Arithmetic = .exact,
        pool: WorkerPool? = nil,
        preparation: WeightPreparation = .beforeUse,
        experts: ExpertResidency = .automatic
    ) throws {
        self.configuration = configuration
        self.experts = try experts.resolved(
            for: (source as? CheckpointReader)?.checkpoint,
            configuration,
            EngineOptions(arithmetic: arithmetic)
        )
        let hidden = configuration.hiddenSize
        let vocabulary = configuration.vocabularySize
        var reader = LayerReader(
            configuration: configuration,
            source: source,
            arithmetic: arithmetic,
            pool: pool,
            preparation: preparation,
            leavesExperts: self.experts != .resident
        )
        embeddings = try reader.linear("model.embed_tokens", outputs: vocabulary, inputs: hidden)
        layers = try (0..<configuration.layerCount).map { try reader.layer($0) }
        finalNorm = try reader.vector("model.norm.weight", hidden)
        head =
            configuration.tieWordEmbeddings
            ? embeddings : try reader.linear("lm_head", outputs: vocabulary, inputs: hidden)
        byteCount = reader.byteCount
        failures = reader.failures
        if preparation == .beforeUse {
            DeferredMatrix.complete(reader.deferred, pool: pool)
            try failures.check()
        }
        deferred = reader.deferred.filter { !$0.isComplete }
    }

    /// The same weights with updates beside some matrices.
    init(_ base: ModelWeights, head: LinearWeights, layers: [LayerWeights]) {
        configuration = base.configuration
        embeddings = base.embeddings
        finalNorm = base.finalNorm
        byteCount = base.byteCount
        deferred = base.deferred
        failures = base.failures
        experts = base.experts
        self.head = head
        self.layers = layers
    }
}

extension ModelWeights {
    /// Every matrix that a token of a dense model is multiplied with, once, in the order of a pass.
    var matrices: [LinearWeights] {
        layers.flatMap { layer in
            let attention = [layer.query, layer.key, layer.value, layer.output]
            switch layer.feedForward {
            case .dense(let block):
                return attention + [block.gate, block.up, block.down]
            case .mixture(let router, let experts, let shared):
                let all = experts + [shared?.block].compactMap(\.self)
                return attention + [router] + [shared?.gate].compactMap(\.self)
                    + all.flatMap { [$0.gate, $0.up, $0.down] }
            }
        } + [head]
    }
}

/// The weights of one layer.
struct LayerWeights: Sendable {
    /// [hidden], before attention.
    let inputNorm: AlignedBuffer<Float>
    /// [heads × headDimension, hidden].
    let query: LinearWeights
    /// [keyValueHeads × headDimension, hidden].
    let key: LinearWeights
    /// [keyValueHeads × headDimension, hidden].
    let value: LinearWeights
    /// [hidden, heads × headDimension].
    let output: LinearWeights
    /// [headDimension], on each query head; Qwen3 has it, Qwen2 does not.
    let queryNorm: AlignedBuffer<Float>?
    /// [headDimension], on each key head.
    let keyNorm: AlignedBuffer<Float>?
    /// [hidden], before the feed-forward block.
    let feedForwardNorm: AlignedBuffer<Float>
    /// The feed-forward block.
    let feedForward: FeedForwardWeights
}

/// The weights of a layer's feed-forward block.
enum FeedForwardWeights: Sendable {
    /// One SwiGLU block.
    case dense(GatedBlockWeights)
    /// A mixture: the router [experts, hidden], a SwiGLU block for each expert, and perhaps one for all tokens.
    case mixture(router: LinearWeights, experts: [GatedBlockWeights], shared: SharedExpertWeights?)
}

/// The weights of the expert that every token passes through: sigmoid(gate(x)) · block(x).
struct SharedExpertWeights: Sendable {
    /// [1, hidden].
    let gate: LinearWeights
    /// The expert.
    let block: GatedBlockWeights
}

/// The weights of a SwiGLU block: down(silu(gate(x)) · up(x)).
struct GatedBlockWeights: Sendable {
    /// [intermediate, hidden].
    let gate: LinearWeights
    /// [intermediate, hidden].
    let up: LinearWeights
    /// [hidden, intermediate].
    let down: LinearWeights
}
