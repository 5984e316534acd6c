public import QwenTensor

/// Where a model's weights come from.
///
/// A model asks for each of its weights once, by the name that Hugging Face's checkpoints use for it (see
/// ``ModelConfiguration/weights(ofLayer:)``), and does not know how it is stored. A source for another format translates
/// the names.
public protocol WeightSource: Sendable {
    /// A weight.
    ///
    /// - Parameters:
    ///   - name: the canonical name.
    ///   - shape: the dimensions that the weight must have.
    /// - Returns: the weight, with exactly these dimensions.
    /// - Throws: an error that names the weight, where there is none, it has another shape or it cannot be read.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor
}
