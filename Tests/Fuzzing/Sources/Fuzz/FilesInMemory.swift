import QwenModel

/// Opens a checkpoint whose files are in memory, as long as a closure runs.
enum FilesInMemory {
    static func open(_ files: [String: [UInt8]], _ body: (Checkpoint) -> Void) {
        let buffers = files.mapValues { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(copy)
        }
        defer { for buffer in buffers.values { buffer.deallocate() } }
        guard let checkpoint = try? Checkpoint(EmbeddedFiles(name: "input", buffers)) else { return }
        body(checkpoint)
    }
}
