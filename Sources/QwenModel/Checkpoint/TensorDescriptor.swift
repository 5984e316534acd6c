/// Where a tensor lies in a file and what it looks like.
public struct TensorDescriptor: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// How its numbers are stored.
    public let dtype: SafetensorsElementType
    /// The dimensions, the slowest first.
    public let shape: [Int]
    /// The bytes of the file that hold the numbers, row-major.
    public let fileRange: Range<Int>

    /// The number of bytes.
    public var byteCount: Int { fileRange.count }
}
