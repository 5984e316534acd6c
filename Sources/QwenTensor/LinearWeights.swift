/// The weights of y = x Wᵀ + b, resolved once while loading: what a product needs to know, and nothing to look up.
///
/// Callers pass it to ``Linear`` and never look inside, so that other layouts (rows interleaved for wide
/// instructions, quantised blocks) can come without changing them.
public struct LinearWeights: Sendable {
    /// How the elements are stored.
    public let elementType: ElementType

    /// The number of rows of W: the length of y.
    public let outputs: Int

    /// The number of columns of W: the length of x.
    public let inputs: Int

    /// b as floats, if there is one.
    let bias: AlignedBuffer<Float>?

    let rowByteCount: Int
    let byteOffset: Int
    let storage: Storage

    /// The bytes of W, which one product reads.
    public var byteCount: Int { outputs * rowByteCount }

    /// The bytes of W. Valid for reading as long as the weights live.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage.baseAddress + byteOffset, count: byteCount)
    }

    /// The weights as they lie in a checkpoint.
    ///
    /// - Parameters:
    ///   - weights: [outputs, inputs].
    ///   - bias: [outputs], of any element type.
    /// - Throws: ``TensorError/notAMatrix(_:)``, ``TensorError/biasDoesNotFit(bias:weights:)``, or an allocation error.
    public init(_ weights: Tensor, bias: Tensor? = nil) throws(TensorError) {
        guard weights.shape.count == 2 else { throw .notAMatrix(weights.shape) }
        outputs = weights.shape[0]
        inputs = weights.shape[1]
        elementType = weights.elementType
        rowByteCount = weights.rowByteCount
        byteOffset = weights.byteOffset
        storage = weights.storage
        if let bias {
            guard bias.shape == [weights.shape[0]] else {
                throw .biasDoesNotFit(bias: bias.shape, weights: weights.shape)
            }
            let floats = try AlignedBuffer<Float>(count: bias.elementCount)
            Kernels.current.convert(
                from: bias.baseAddress,
                bias.elementType,
                to: floats.baseAddress,
                count: bias.elementCount
            )
            self.bias = floats
        } else {
            self.bias = nil
        }
    }

    /// The first byte of a row.
    @inline(__always)
    func row(_ row: Int) -> UnsafeRawPointer {
        storage.baseAddress + (byteOffset &+ row &* rowByteCount)
    }
}
