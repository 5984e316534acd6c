#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard input as a whole.
enum StandardInput {
    /// Whether a person sits before it.
    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Reads to the end; bytes that are not UTF-8 become U+FFFD.
    static func readText() throws(InputError) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let received = read(STDIN_FILENO, &chunk, chunk.count)
            if received == 0 { return String(decoding: bytes, as: UTF8.self) }
            if received < 0 {
                if errno == EINTR { continue }
                throw .unreadable(code: errno)
            }
            bytes += chunk[..<received]
        }
    }
}
