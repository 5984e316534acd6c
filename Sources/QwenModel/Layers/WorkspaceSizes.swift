import QwenTensor

/// How much memory a forward pass computes in: the counts of ``Workspace``'s buffers, in floats.
struct WorkspaceSizes {
    /// [rows or workers, hidden].
    let streams: Int
    /// [rows, hidden].
    let delta: Int
    /// [rows, heads × headDimension].
    let queries: Int
    /// [rows, keyValueHeads × headDimension].
    let keys: Int
    /// The most parts into which one head's positions are split.
    let maximumParts: Int
    /// [heads or workers, parts, partial].
    let partials: Int
    /// Of each worker's attention.
    let attentionScratchStride: Int
    /// [workers, attention].
    let attentionScratch: Int
    /// [rows, intermediate].
    let activations: Int
    /// [maximumLogitRows, vocabulary].
    let logits: Int
    /// The longest input of a product.
    let widestInput: Int
    /// Inputs that are kept in the forms that weights want.
    let slots: Int

    init(_ configuration: ModelConfiguration, rows: Int, logitRows: Int, workers: Int) {
        let dimension = configuration.headDimension
        let group = configuration.attentionHeads / configuration.keyValueHeads
        let intermediate = configuration.hasDenseLayers ? configuration.intermediateSize : 0
        let rowQueries = configuration.attentionHeads * dimension
        streams = max(rows, workers) * configuration.hiddenSize
        delta = rows * configuration.hiddenSize
        queries = rows * rowQueries
        keys = rows * configuration.keyValueHeads * dimension
        maximumParts = max(1, 4 * workers / configuration.keyValueHeads + 1)
        partials =
            max(configuration.keyValueHeads, workers) * maximumParts
            * Kernels.attentionPartialSize(group: group, headDimension: dimension)
        attentionScratchStride = (Kernels.attentionScratchSize(headDimension: dimension) + 15) / 16 * 16
        attentionScratch = workers * attentionScratchStride
        activations = rows * intermediate
        logits = logitRows * configuration.vocabularySize
        widestInput = max(
            configuration.hiddenSize,
            rowQueries,
            intermediate,
            configuration.mixture?.intermediateSize ?? 0,
            configuration.mixture?.sharedIntermediateSize ?? 0
        )
        // The expert for all tokens takes a slot for each row behind those of the others.
        let shared = configuration.mixture?.sharedIntermediateSize == nil ? 0 : 1
        slots = max(rows * (max(1, configuration.mixture?.expertsPerToken ?? 1) + shared), workers)
    }

    /// Bytes of all buffers but those of mixtures and products.
    var byteCount: Int {
        let floats =
            2 * streams + delta + 2 * queries + 2 * keys + partials + attentionScratch + 2 * activations + logits
        return floats * MemoryLayout<Float>.stride
    }
}

extension MixtureWorkspace {
    /// Bytes of a mixture's buffers.
    static func byteCount(_ mixture: MixtureOfExperts, hiddenSize: Int, rows: Int) -> Int {
        let slots = rows * mixture.expertsPerToken
        let floats =
            rows * mixture.experts + slots * 4 + mixture.experts * 2
            + slots * (2 * hiddenSize + 2 * mixture.intermediateSize)
            + rows * (1 + 2 * (mixture.sharedIntermediateSize ?? 0))
        return floats * MemoryLayout<Float>.stride
    }
}
