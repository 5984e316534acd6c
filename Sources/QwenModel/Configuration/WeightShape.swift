/// A weight that a model needs: its name in the checkpoint and its dimensions.
public struct WeightShape: Sendable, Hashable {
    /// The canonical name, as in Hugging Face's checkpoints: `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// The dimensions; matrices are [outputs, inputs].
    public let shape: [Int]

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - name: the canonical name.
    ///   - shape: the dimensions.
    public init(_ name: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}
