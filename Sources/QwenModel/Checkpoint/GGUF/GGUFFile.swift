/// A GGUF file: its metadata and its tensors' places, checked, and access to its bytes.
///
/// Versions 2 and 3, little-endian. Source of the format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
/// What is checked goes beyond the specification where the reference implementation does too: tensors follow one another in
/// order, without holes but for the alignment.
public struct GGUFFile: Sendable {
    /// A metadata entry.
    public struct Entry: Sendable, Hashable {
        /// The name, such as `general.architecture`.
        public let key: String
        /// The value.
        public let value: GGUFValue

        /// Describes an entry.
        ///
        /// - Parameters:
        ///   - key: the name.
        ///   - value: the value.
        public init(key: String, value: GGUFValue) {
            self.key = key
            self.value = value
        }
    }

    /// A tensor's place and shape.
    public struct Tensor: Sendable, Hashable {
        /// The tensor's name.
        public let name: String
        /// How its numbers are stored.
        public let type: GGUFTensorType
        /// The dimensions, the slowest first: the reverse of the file's order.
        public let shape: [Int]
        /// The bytes of the file that hold the numbers.
        public let fileRange: Range<Int>

        /// The number of bytes.
        public var byteCount: Int { fileRange.count }
    }

    /// The file's path, without symbolic links.
    public var path: String { file.path }
    /// The format's version: 2 or 3.
    public let version: UInt32
    /// The metadata in the file's order.
    public let metadata: [Entry]
    /// The tensors in the file's order.
    public let tensors: [Tensor]
    /// Tensors begin at multiples of this.
    public let alignment: Int

    let file: OpenFile
    private let positions: [String: Int]
    private let keys: [String: Int]

    /// Far more than any checkpoint has.
    static let maximumTensors = 1_000_000
    static let maximumEntries = 100_000
    static let maximumElements = 1 << 26
    static let maximumDimensions = 4

    /// Opens a file and reads its header.
    ///
    /// - Parameter path: the file's path; it must not be a symbolic link.
    /// - Throws: ``CheckpointError``.
    /// - Complexity: O(size of the header), in time and memory; the data is not touched.
    public init(path: String) throws(CheckpointError) {
        try self.init(OpenFile(path: path))
    }

    init(_ file: OpenFile) throws(CheckpointError) {
        self.file = file
        var header = GGUFHeaderReader(file)
        try header.read()
        version = header.version
        alignment = header.alignment
        metadata = header.metadata
        tensors = header.tensors
        keys = header.keys
        positions = header.positions
    }

    /// The value of a key, or nil where there is none.
    ///
    /// - Parameter key: the key, compared byte by byte but for canonical equivalence, which no key needs.
    /// - Returns: the value.
    public subscript(key key: String) -> GGUFValue? { keys[key].map { metadata[$0].value } }

    /// The tensor of a name, or nil where there is none.
    ///
    /// - Parameter name: the name.
    /// - Returns: the tensor's place and shape.
    public subscript(name: String) -> Tensor? { positions[name].map { tensors[$0] } }
}
