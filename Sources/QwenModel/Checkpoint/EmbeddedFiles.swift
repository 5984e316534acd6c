/// A checkpoint's files as bytes that are part of the program, as C's `#embed` or a linker puts them there.
public struct EmbeddedFiles: Sendable {
    /// What stands for the folder's path in descriptions and errors.
    public let name: String
    private let files: [String: Bytes]

    /// Names bytes in memory.
    ///
    /// - Parameters:
    ///   - name: what stands for the folder's path in descriptions and errors.
    ///   - files: the bytes of each file, by its name in a checkpoint's folder. Nobody may change or free them as long as
    ///     the program runs.
    public init(name: String, _ files: [String: UnsafeRawBufferPointer]) {
        self.name = name
        self.files = files.mapValues(Bytes.init)
    }

    /// The bytes of a file, or nil where there is none.
    subscript(name: String) -> Bytes? { files[name] }

    /// Bytes that never change, as whoever passed them has promised. Hence any thread may read them at any time.
    struct Bytes: @unchecked Sendable {
        let buffer: UnsafeRawBufferPointer
    }
}
