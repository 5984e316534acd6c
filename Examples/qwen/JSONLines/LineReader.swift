#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reads a file descriptor and hands out its lines, as many at a time as have arrived.
///
/// Lines are cut at line feeds, as bytes: `String`'s idea of a newline, and of a character, is another one.
struct LineReader: ~Copyable {
    /// Whole lines that lie one after the other in memory.
    struct Batch {
        let bytes: ArraySlice<UInt8>
        /// Where each line lies in `bytes`, without its line feed.
        let lines: [Range<Int>]
        /// The number of the first line, counted from 1.
        let firstLine: Int
    }

    /// A line longer than this is an error and not a reason to use up the memory.
    static let longestLine = 512 << 20

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes at the beginning of the buffer that were handed out.
    private var consumed = 0
    /// Bytes of the buffer that were searched for line feeds.
    private var searched = 0
    private var linesBefore = 0
    private var reachedEnd = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Waits for input and gives the lines that are complete, or nil at the end.
    ///
    /// A last line without a line feed counts as a line.
    mutating func next() throws(InputError) -> Batch? {
        buffer.removeSubrange(..<consumed)
        searched -= consumed
        consumed = 0
        while !reachedEnd {
            try fill()
            let lines = takeLines()
            if !lines.isEmpty { return batch(lines) }
            guard buffer.count <= Self.longestLine else {
                throw .lineTooLong(line: linesBefore + 1, limit: Self.longestLine)
            }
        }
        guard !buffer.isEmpty else { return nil }
        consumed = buffer.count
        searched = buffer.count
        return batch([0..<buffer.count])
    }

    private mutating func batch(_ lines: [Range<Int>]) -> Batch {
        defer { linesBefore += lines.count }
        return Batch(bytes: buffer[..<consumed], lines: lines, firstLine: linesBefore + 1)
    }

    private mutating func takeLines() -> [Range<Int>] {
        var lines: [Range<Int>] = []
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            while searched < bytes.count,
                let found = memchr(base + searched, 0x0A, bytes.count - searched)
            {
                let end = UnsafeRawPointer(found) - base
                lines.append(consumed..<end)
                consumed = end + 1
                searched = consumed
            }
            searched = bytes.count
        }
        return lines
    }

    private mutating func fill() throws(InputError) {
        let chunk = max(1 << 20, buffer.count / 2)
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: chunk))
        var received = -1
        repeat {
            received = buffer.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { read(descriptor, $0 + old, chunk) } ?? -1
            }
        } while received < 0 && errno == EINTR
        buffer.removeLast(chunk - max(received, 0))
        if received < 0 { throw .unreadable(code: errno) }
        reachedEnd = received == 0
    }
}

/// Why standard input or a file cannot be read on.
enum InputError: Error, CustomStringConvertible {
    case lineTooLong(line: Int, limit: Int)
    case unreadable(code: Int32)
    case cannotOpen(path: String, code: Int32)
    case wrongLine(path: String, line: Int, reason: String)

    var description: String {
        switch self {
        case .lineTooLong(let line, let limit): "Line \(line) of the input is longer than \(limit) bytes."
        case .unreadable(let code): "The input cannot be read: \(String(cString: strerror(code)))."
        case .cannotOpen(let path, let code): "\(path) cannot be opened: \(String(cString: strerror(code)))."
        case .wrongLine(let path, let line, let reason): "\(path), line \(line): \(reason)"
        }
    }
}
