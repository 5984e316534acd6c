/// The shape of a model's sparse layers.
public struct MixtureOfExperts: Sendable, Hashable {
    /// The number of experts in a sparse layer.
    public let experts: Int
    /// The number of experts that a token passes through.
    public let expertsPerToken: Int
    /// The width of one expert's hidden layer.
    public let intermediateSize: Int
    /// The width of the hidden layer of the expert that every token passes through, or nil where there is none.
    public let sharedIntermediateSize: Int?
    /// Whether the chosen experts' probabilities are scaled to add up to one.
    public let normalizesTopK: Bool
    /// A layer can be sparse where its number, counted from 1, is a multiple of this.
    public let sparseStep: Int
    /// Layers, counted from 0, that are dense whatever ``sparseStep`` says; ascending.
    public let denseLayers: [Int]

    /// Whether a layer has experts.
    ///
    /// Source: transformers, `Qwen2MoeDecoderLayer` and `Qwen3MoeDecoderLayer`.
    ///
    /// - Parameter layer: the layer, counted from 0.
    /// - Returns: true for a mixture of experts, false for a plain feed-forward network.
    public func isSparse(layer: Int) -> Bool {
        experts > 0 && (layer + 1) % sparseStep == 0 && !denseLayers.contains(layer)
    }
}
