/// A safetensors file: its header, checked, and access to its bytes.
///
/// Source of the format: huggingface/safetensors, README, "Format". Eight bytes with the header's length
/// (little-endian), the header (a JSON object of tensors by name, with type, shape and offsets), the data. As in the
/// reference implementation, the tensors must cover the data without hole, overlap or rest.
public struct SafetensorsFile: Sendable {
    /// The file's path, without symbolic links.
    public var path: String { file.path }
    /// The tensors, in the order of their data.
    public let tensors: [TensorDescriptor]
    /// What `__metadata__` says, mostly `format`.
    public let metadata: [String: String]

    let file: OpenFile
    private let positions: [String: Int]

    /// The longest header that the format allows, in bytes.
    public static let maximumHeaderByteCount = 100_000_000

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
        let header = try Self.header(of: file)
        tensors = header.tensors
        metadata = header.metadata
        positions = header.positions
    }

    /// The tensor of a name, or nil where there is none.
    ///
    /// - Parameter name: the name.
    /// - Returns: the tensor's place and shape.
    public subscript(name: String) -> TensorDescriptor? {
        positions[name].map { tensors[$0] }
    }

    private static func header(of file: OpenFile) throws(CheckpointError) -> SafetensorsHeader {
        guard file.byteCount >= 8 else {
            throw .safetensors(path: file.path, .noHeader(fileByteCount: file.byteCount))
        }
        let length = try file.bytes(from: 0, count: 8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let limit = min(maximumHeaderByteCount, file.byteCount - 8)
        guard length <= limit else { throw .safetensors(path: file.path, .headerTooLong(length, limit: limit)) }
        // The length is at most 100,000,000 now.
        let text = try file.bytes(from: 8, count: Int(length))
        do {
            return try SafetensorsHeader(parsing: text, fileByteCount: file.byteCount)
        } catch {
            throw .safetensors(path: file.path, error)
        }
    }
}
