public import QwenTensor

/// Low-rank updates of a model's matrices, trained apart from it.
///
/// Any number can be attached to a model at once, each with a weight; see ``InferenceEngine/attach(_:)``.
///
/// Source: Hu et al. 2021, LoRA (arXiv 2106.09685).
public struct LoRAAdapter: Sendable {
    /// The update of one matrix.
    public struct Update: Sendable {
        /// The matrix' canonical name without `.weight`: `model.layers.0.self_attn.q_proj`.
        public let module: String
        /// Both factors and their scale.
        public let factors: LowRankUpdate.Factors
    }

    /// The updates, in the order of their names.
    public let updates: [Update]

    /// Puts an adapter together from its updates.
    ///
    /// - Parameter updates: one for each matrix.
    public init(updates: [Update]) {
        self.updates = updates
    }

    /// The bytes of all factors.
    public var byteCount: Int {
        updates.reduce(0) { $0 + $1.factors.down.byteCount + $1.factors.up.byteCount }
    }
}

/// An adapter, and how much of it.
public struct AttachedAdapter: Sendable {
    /// The adapter.
    public let adapter: LoRAAdapter
    /// What its updates are multiplied with; 1 is as it was trained.
    public let weight: Float

    /// Chooses an adapter.
    ///
    /// - Parameters:
    ///   - adapter: the adapter.
    ///   - weight: what its updates are multiplied with.
    public init(_ adapter: LoRAAdapter, weight: Float = 1) {
        self.adapter = adapter
        self.weight = weight
    }
}
