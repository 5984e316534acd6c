#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// An exclusive `flock` on a file, as Python's `filelock` takes it: who waits for one waits for the other.
///
/// The file stays when the lock is released: to remove it would let a third process lock another file of that name.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock if it is free.
    ///
    /// - Returns: nil where somebody else has it.
    package init?(trying path: String) throws(HubError) {
        // Group-writable, so that users who share a cache wait for each other.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0o664)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open the lock", path: path, code: errno) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw .fileSystem(operation: "lock", path: path, code: code)
        }
        self.descriptor = descriptor
    }

    /// Waits for the lock without holding a thread.
    ///
    /// - Parameters:
    ///   - path: the lock's file, whose folder exists.
    ///   - interval: how long to wait between two attempts.
    /// - Returns: the lock.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)``, or `CancellationError`.
    package static func acquire(_ path: String, interval: Duration = .milliseconds(50)) async throws -> FileLock {
        while true {
            try Task.checkCancellation()
            if let lock = try FileLock(trying: path) { return lock }
            try await Task.sleep(for: interval)
        }
    }

    deinit {
        // Closing the only descriptor releases the lock.
        close(descriptor)
    }
}
