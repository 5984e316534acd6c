/// Reads the beginning of a GGUF file from front to back, a window at a time, and no byte past its end.
struct GGUFCursor {
    private let file: OpenFile
    private var window: [UInt8] = []
    /// Where the window begins in the file.
    private var start = 0
    /// The next byte to read, from the window's beginning.
    private var position = 0

    /// Far longer than any text of a checkpoint: the longest are chat templates.
    static let maximumTextByteCount = 64 << 20
    private static let windowByteCount = 1 << 18

    init(_ file: OpenFile) { self.file = file }

    /// Where the next byte lies in the file.
    var offset: Int { start + position }

    /// The bytes that are left in the file.
    var remaining: Int { file.byteCount - offset }

    /// The next bytes, which are `what`.
    mutating func bytes(_ count: Int, of what: @autoclosure () -> String) throws(CheckpointError) -> ArraySlice<UInt8> {
        guard count <= remaining else {
            throw .gguf(path: file.path, .truncated(what: what(), offset: file.byteCount))
        }
        if count > window.count - position {
            start = offset
            position = 0
            window = try file.bytes(from: start, count: min(max(count, Self.windowByteCount), file.byteCount - start))
        }
        defer { position += count }
        return window[position..<position + count]
    }

    mutating func uint32(_ what: @autoclosure () -> String) throws(CheckpointError) -> UInt32 {
        try bytes(4, of: what()).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func uint64(_ what: @autoclosure () -> String) throws(CheckpointError) -> UInt64 {
        try bytes(8, of: what()).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A count of things that take at least `size` bytes each.
    mutating func count(_ what: String, size: Int, limit: Int) throws(CheckpointError) -> Int {
        let count = try uint64("the number of \(what)")
        let limit = min(limit, remaining / size)
        guard count <= limit else {
            throw .gguf(path: file.path, .impossibleCount(what: what, count: count, limit: limit))
        }
        return Int(count)
    }

    /// A text's bytes.
    mutating func text(_ what: @autoclosure () -> String) throws(CheckpointError) -> ArraySlice<UInt8> {
        let count = try uint64(what())
        let limit = min(Self.maximumTextByteCount, remaining)
        guard count <= limit else {
            throw .gguf(path: file.path, .textTooLong(what: what(), byteCount: count, limit: limit))
        }
        return try bytes(Int(count), of: what())
    }
}
