import Dispatch

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

extension ContentDigest {
    /// Reads a file and compares.
    ///
    /// The work is done on a thread outside of Swift's cooperative pool, and stops soon when the task is cancelled.
    ///
    /// - Throws: ``HubError/wrongDigest(path:expected:found:)``, ``HubError/fileSystem(operation:path:code:)`` or
    ///   `CancellationError`.
    package func verify(_ path: String) async throws {
        let flag = CancellationFlag()
        let found = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global(qos: .userInitiated).async {
                    continuation.resume(
                        with: Result { try Self.compute(kind, path: path, isCancelled: { flag.isSet }) }
                    )
                }
            }
        } onCancel: {
            flag.set()
        }
        guard found == hex else { throw HubError.wrongDigest(path: path, expected: hex, found: found) }
    }

    private static func compute(_ kind: Kind, path: String, isCancelled: () -> Bool) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HubError.fileSystem(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var hasher = ContentHasher(kind, byteCount: FileSystem.fileSize(path) ?? 0)
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return hasher.finish() }
            if count > 0 {
                chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            } else if errno != EINTR {
                throw HubError.fileSystem(operation: "read", path: path, code: errno)
            }
        }
    }
}
