import QwenTensor

/// Reads a model's tensors by the names that published checkpoints use.
struct LayerReader<Source: WeightSource> {
    let configuration: ModelConfiguration
    let source: Source
    let arithmetic: Arithmetic
    let pool: WorkerPool?
    let preparation: WeightPreparation
    /// Whether the experts' matrices stay in the files.
    let leavesExperts: Bool
    /// Told when rows cannot be read.
    let failures = ReadingFailures()
    private let arena = StorageArena()
    /// Matrices that are not in memory yet, in the order of a pass.
    private(set) var deferred: [DeferredMatrix] = []

    /// Bytes read so far.
    private(set) var byteCount = 0

    /// What stands in for matrices that stay in the files, by its size.
    private var standIns: [Int: Storage] = [:]

    init(
        configuration: ModelConfiguration,
        source: Source,
        arithmetic: Arithmetic,
        pool: WorkerPool?,
        preparation: WeightPreparation,
        leavesExperts: Bool
    ) {
        self.configuration = configuration
        self.source = source
        self.arithmetic = arithmetic
        self.pool = pool
        self.preparation = preparation
        self.leavesExperts = leavesExperts
    }

    /// Reads a tensor of the given shape.
    mutating func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let tensor = try source.tensor(name, shape: shape)
        byteCount += tensor.byteCount
        return tensor
    }

    /// Reads a vector as floats.
    mutating func vector(_ name: String, _ count: Int) throws -> AlignedBuffer<Float> {
        let tensor = try tensor(name, [count])
        let floats = try AlignedBuffer<Float>(count: count)
        Kernels.current.convert(
            from: tensor.baseAddress,
            tensor.elementType,
            to: floats.baseAddress,
            count: count
        )
        return floats
    }

    /// Reads the matrix `name.weight` and, if asked for, `name.bias`.
    mutating func linear(_ name: String, outputs: Int, inputs: Int, bias: Bool = false) throws -> LinearWeights {
        let weights =
            try deferredLinear(name, outputs: outputs, inputs: inputs, bias: bias)
            ?? source.linear(name, outputs: outputs, inputs: inputs, bias: bias)
            .prepared(for: arithmetic, pool: pool, in: arena)
        byteCount += weights.byteCount
        return weights
    }

    /// The matrix as one that is read later, if it can be.
    private mutating func deferredLinear(
        _ name: String,
        outputs: Int,
        inputs: Int,
        bias: Bool
    ) throws -> LinearWeights? {
        guard
            let source = source as? any RowSource,
            let rows = try source.rows(
                name,
                outputs: outputs,
                inputs: inputs,
                use: preparation == .beforeUse ? .whileLoading : .later
            ), LinearWeights.canDefer(rows, for: arithmetic)
        else { return nil }
        let weights = try LinearWeights(
            deferring: rows,
            bias: bias ? source.tensor(name + ".bias", shape: [outputs]) : nil,
            for: arithmetic,
            failures: failures,
            in: arena
        )
        if let matrix = weights?.deferred { deferred.append(matrix) }
        return weights
    }

    /// The matrix as one that stays in the file.
    private mutating func absentLinear(_ name: String, outputs: Int, inputs: Int) throws -> LinearWeights {
        guard
            let source = source as? any RowSource,
            let rows = try source.rows(name, outputs: outputs, inputs: inputs, use: .again)
        else { throw EngineError.expertNotReadable(name: name) }
        let matrix = try StoredMatrix(rows, for: arithmetic)
        let size = matrix.form.byteCount
        let standIn = try standIns[size] ?? Storage(reserving: size, in: nil)
        standIns[size] = standIn
        byteCount += size
        return try LinearWeights(absent: matrix, standIn: standIn)
    }

    /// Reads one layer.
    mutating func layer(_ index: Int) throws -> LayerWeights {
        let prefix = "model.layers.\(index)."
        let hidden = configuration.hiddenSize
        let dimension = configuration.headDimension
        let queries = configuration.attentionHeads * dimension
        let keys = configuration.keyValueHeads * dimension
        let bias = configuration.hasQueryKeyValueBias
        let attention = prefix + "self_attn."
        return LayerWeights(
            inputNorm: try vector(prefix + "input_layernorm.weight", hidden),
            query: try linear(attention + "q_proj", outputs: queries, inputs: hidden, bias: bias),
            key: try linear(attention + "k_proj", outputs: keys, inputs: hidden, bias: bias),
            value: try linear(attention + "v_proj", outputs: keys, inputs: hidden, bias: bias),
            output: try linear(
                attention + "o_proj",
                outputs: hidden,
                inputs: queries,
                bias: configuration.hasAttentionOutputBias
            ),
            queryNorm: configuration.hasQueryKeyNorm ? try vector(attention + "q_norm.weight", dimension) : nil,
            keyNorm: configuration.hasQueryKeyNorm ? try vector(attention + "k_norm.weight", dimension) : nil,
            feedForwardNorm: try vector(prefix + "post_attention_layernorm.weight", hidden),
            feedForward: try feedForward(index, prefix: prefix + "mlp.")
        )
    }

    private mutating func feedForward(_ layer: Int, prefix: String) throws -> FeedForwardWeights {
        guard let mixture = configuration.mixture, mixture.isSparse(layer: layer) else {
            return .dense(try block(prefix, intermediate: configuration.intermediateSize))
        }
        let router = try linear(prefix + "gate", outputs: mixture.experts, inputs: configuration.hiddenSize)
        var experts: [GatedBlockWeights] = []
        experts.reserveCapacity(mixture.experts)
        for expert in 0..<mixture.experts {
            let name = prefix + "experts.\(expert)."
            let width = mixture.intermediateSize
            experts.append(try leavesExperts ? absentBlock(name, width) : block(name, intermediate: width))
        }
        let shared = try mixture.sharedIntermediateSize.map { width in
            SharedExpertWeights(
                gate: try linear(prefix + "shared_expert_gate", outputs: 1, inputs: configuration.hiddenSize),
                block: try block(prefix + "shared_expert.", intermediate: width)
            )
        }
        return .mixture(router: router, experts: experts, shared: shared)
    }

    private mutating func block(_ prefix: String, intermediate: Int) throws -> GatedBlockWeights {
        let hidden = configuration.hiddenSize
        return GatedBlockWeights(
            gate: try linear(prefix + "gate_proj", outputs: intermediate, inputs: hidden),
            up: try linear(prefix + "up_proj", outputs: intermediate, inputs: hidden),
            down: try linear(prefix + "down_proj", outputs: hidden, inputs: intermediate)
        )
    }

    private mutating func absentBlock(_ prefix: String, _ intermediate: Int) throws -> GatedBlockWeights {
        let hidden = configuration.hiddenSize
        return GatedBlockWeights(
            gate: try absentLinear(prefix + "gate_proj", outputs: intermediate, inputs: hidden),
            up: try absentLinear(prefix + "up_proj", outputs: intermediate, inputs: hidden),
            down: try absentLinear(prefix + "down_proj", outputs: hidden, inputs: intermediate)
        )
    }
}
