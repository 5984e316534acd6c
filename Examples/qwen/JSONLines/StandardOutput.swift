#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard output and standard error, without a buffer.
enum StandardOutput {
    /// Writes all bytes to standard output. When nobody reads them any more (`qwen … | head`), the program ends quietly.
    static func write(_ bytes: [UInt8]) throws(OutputError) {
        try write(bytes, to: STDOUT_FILENO)
    }

    /// Writes text to standard output.
    static func write(_ text: String) throws(OutputError) {
        try write(Array(text.utf8), to: STDOUT_FILENO)
    }

    /// Writes text to standard error, where failing to say something is no reason to stop.
    static func writeError(_ text: String) {
        try? write(Array(text.utf8), to: STDERR_FILENO)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(OutputError) {
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes { bytes in
                #if canImport(Glibc)
                bytes.baseAddress.map { Glibc.write(descriptor, $0 + done, bytes.count - done) } ?? 0
                #elseif canImport(Musl)
                bytes.baseAddress.map { Musl.write(descriptor, $0 + done, bytes.count - done) } ?? 0
                #else
                bytes.baseAddress.map { Darwin.write(descriptor, $0 + done, bytes.count - done) } ?? 0
                #endif
            }
            if written >= 0 {
                done += written
            } else if errno == EPIPE {
                // Where SIGPIPE is not ignored, the system has ended the program already.
                exit(128 + SIGPIPE)
            } else if errno != EINTR {
                throw OutputError(code: errno)
            }
        }
    }
}

/// Standard output cannot be written to.
struct OutputError: Error, CustomStringConvertible {
    let code: Int32

    var description: String { "Standard output cannot be written: \(String(cString: strerror(code)))." }
}
