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

    /// A matrix to multiply with, which may be stored in several tensors (integers, scales, …).
    ///
    /// - Parameters:
    ///   - name: the canonical name without `.weight`.
    ///   - outputs: the rows of the matrix.
    ///   - inputs: its columns.
    ///   - bias: whether `name.bias` belongs to it.
    /// - Returns: the matrix, as it is stored.
    /// - Throws: an error that names the weight, where there is none, it has another shape or it cannot be read.
    func linear(_ name: String, outputs: Int, inputs: Int, bias: Bool) throws -> LinearWeights
}

extension WeightSource {
    /// A matrix that is one tensor, `name.weight`.
    public func linear(_ name: String, outputs: Int, inputs: Int, bias: Bool) throws -> LinearWeights {
        let weights = try tensor(name + ".weight", shape: [outputs, inputs])
        return try LinearWeights(weights, bias: bias ? tensor(name + ".bias", shape: [outputs]) : nil)
    }
}
