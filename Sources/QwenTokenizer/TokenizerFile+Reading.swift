#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension TokenizerFile {
    /// Reads a regular file that is not larger than ``maximumByteCount``, even where it grows meanwhile.
    static func bytes(ofFileAt path: String) throws(TokenizerError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadableFile(path: path, reason: "it is not a regular file")
        }
        let size = Int(clamping: status.st_size)
        guard size <= maximumByteCount else { throw .tooLarge(bytes: size, limit: maximumByteCount) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= maximumByteCount else {
                throw .tooLarge(bytes: bytes.count, limit: maximumByteCount)
            }
        }
    }

    private static func unreadable(_ path: String) -> TokenizerError {
        .unreadableFile(path: path, reason: String(cString: strerror(errno)))
    }
}
