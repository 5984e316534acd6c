internal import CQwenKernels

extension BlockFormat {
    /// Whether floats can be written in this format: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K.
    public var canQuantize: Bool { qwen_can_quantize(kernelBlock) }

    /// Writes floats as blocks.
    ///
    /// The formats with one scale are bit-equal to what ggml's quantiser writes; for the others each group's scale and minimum
    /// are sought by weighted least squares.
    ///
    /// - Parameters:
    ///   - source: finite floats.
    ///   - destination: `count / elementsPerBlock · bytesPerBlock` bytes.
    ///   - count: the floats, whole blocks.
    /// - Precondition: ``canQuantize``, and `count` is a multiple of ``elementsPerBlock``.
    public func quantize(
        _ source: UnsafePointer<Float>,
        into destination: UnsafeMutableRawPointer,
        count: Int
    ) {
        precondition(canQuantize && count % elementsPerBlock == 0, "\(count) floats as \(self)")
        qwen_quantize(kernelBlock, source, destination, count)
    }
}
