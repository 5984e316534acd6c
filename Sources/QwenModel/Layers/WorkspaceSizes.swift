import QwenTensor

/// How much memory a forward pass computes in.
package struct WorkspaceSizes {
    /// Threads that compute.
    package let workers: Int
    /// Numbers of a row of the residual stream.
    package let hidden: Int
    /// heads × headDimension.
    package let queries: Int
    /// keyValueHeads × headDimension.
    package let keys: Int
    /// Numbers of a row of a dense feed-forward block's activations; 0 where every layer is a mixture.
    package let intermediate: Int
    /// Numbers of the logits of all rows that have any.
    package let logits: Int
    /// The most parts into which one head's positions are split.
    package let maximumParts: Int
    /// [heads or workers, parts, partial].
    package let partials: Int
    /// Of each worker's attention.
    package let attentionScratchStride: Int
    /// The longest input of a product.
    package let widestInput: Int
    /// Inputs that are kept in the forms that weights want.
    package let slots: Int
    /// The most rows of a pass.
    package let rows: Int

    package init(_ configuration: ModelConfiguration, rows: Int, logitRows: Int, workers: Int) {
        let dimension = configuration.headDimension
        let group = configuration.attentionHeads / configuration.keyValueHeads
        self.rows = rows
        self.workers = workers
        hidden = configuration.hiddenSize
        queries = configuration.attentionHeads * dimension
        keys = configuration.keyValueHeads * dimension
        intermediate = configuration.hasDenseLayers ? configuration.intermediateSize : 0
        logits = logitRows * configuration.vocabularySize
        maximumParts = max(1, 4 * workers / configuration.keyValueHeads + 1)
        partials =
            max(configuration.keyValueHeads, workers) * maximumParts
            * Kernels.attentionPartialSize(group: group, headDimension: dimension)
        attentionScratchStride = (Kernels.attentionScratchSize(headDimension: dimension) + 15) / 16 * 16
        widestInput = max(
            configuration.hiddenSize,
            queries,
            intermediate,
            configuration.mixture?.intermediateSize ?? 0,
            configuration.mixture?.sharedIntermediateSize ?? 0
        )
        // The expert for all tokens takes a slot for each row behind those of the others.
        let shared = configuration.mixture?.sharedIntermediateSize == nil ? 0 : 1
        slots = max(rows * (max(1, configuration.mixture?.expertsPerToken ?? 1) + shared), workers)
    }

    /// The most floats of a pass: with a single row there is a residual stream for each worker.
    package var floatCount: Int {
        max(WorkspaceLayout(self, rows: 1).count, WorkspaceLayout(self, rows: rows).count)
    }

    /// Bytes of the most floats, without what mixtures and products need beside them.
    var byteCount: Int { floatCount * MemoryLayout<Float>.stride }
}

extension MixtureWorkspace {
    /// Bytes of a mixture's buffers.
    static func byteCount(_ mixture: MixtureOfExperts, hiddenSize: Int, rows: Int) -> Int {
        let slots = rows * mixture.expertsPerToken
        let floats =
            rows * mixture.experts + slots * 4 + mixture.experts * 2
            + slots * (2 * hiddenSize + mixture.intermediateSize)
            + rows * (1 + (mixture.sharedIntermediateSize ?? 0))
        return floats * MemoryLayout<Float>.stride
    }
}
