internal import CQwenDigest
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The file of a content that comes in: written at its end, digested on the way, renamed when it is whole.
///
/// Writing and digesting are done on a thread outside of Swift's cooperative pool.
final class IncompleteBlob: Sendable {
    /// The digest of what is there, and how much that is.
    private struct State {
        var hasher: ContentHasher
        var byteCount = 0
    }

    let path: String
    private let descriptor: Int32
    private let digest: ContentDigest
    private let expectedByteCount: Int
    private let queue = DispatchQueue(label: "qwen.hub.blob")
    private let state: Mutex<State>

    /// Opens or creates the file. Whoever does so must hold the content's lock.
    init(path: String, digest: ContentDigest, byteCount: Int) throws(HubError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw .fileSystem(operation: "open", path: path, code: errno) }
        self.path = path
        self.digest = digest
        expectedByteCount = byteCount
        state = Mutex(State(hasher: ContentHasher(digest.kind, byteCount: byteCount)))
    }

    deinit {
        close(descriptor)
    }

    /// How many bytes are there.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Digests what an earlier attempt left behind. More than the content has is thrown away.
    func resume() async throws {
        let isCancelled = CancellationFlag()
        try await withTaskCancellationHandler {
            try await digestWhatIsThere(isCancelled)
        } onCancel: {
            isCancelled.set()
        }
    }

    private func digestWhatIsThere(_ isCancelled: CancellationFlag) async throws {
        try await onQueue {
            var status = stat()
            guard fstat(self.descriptor, &status) == 0 else { throw self.failure("read") }
            guard let size = Int(exactly: status.st_size), size <= self.expectedByteCount else {
                return try self.truncate()
            }
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let offset = self.byteCount
                let count = pread(self.descriptor, &chunk, chunk.count, off_t(offset))
                if count == 0 { return }
                if count < 0 {
                    if errno == EINTR { continue }
                    throw self.failure("read")
                }
                self.state.withLock { state in
                    chunk.withUnsafeBytes { state.hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                    state.byteCount += count
                }
                if isCancelled.isSet { throw CancellationError() }
            }
        }
    }

    /// Writes at the end.
    func append(_ bytes: [UInt8]) async throws {
        try await onQueue {
            try self.state.withLock { state in
                try bytes.withUnsafeBytes { buffer in
                    var done = 0
                    while done < buffer.count {
                        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                        let offset = off_t(state.byteCount + done)
                        let count = pwrite(self.descriptor, rest.baseAddress, rest.count, offset)
                        if count > 0 {
                            done += count
                        } else if count == 0 || errno != EINTR {
                            throw self.failure("write", after: state.byteCount)
                        }
                    }
                    state.hasher.update(buffer)
                }
                // The disk works while more comes in, so that there is little left for `fsync` to wait for.
                qwen_start_writeback(self.descriptor, Int64(state.byteCount), Int64(bytes.count))
                state.byteCount += bytes.count
            }
        }
    }

    /// Throws away what is there.
    func reset() async throws {
        try await onQueue { try self.truncate() }
    }

    private func truncate() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw failure("truncate") }
        state.withLock { $0 = State(hasher: ContentHasher(digest.kind, byteCount: expectedByteCount)) }
    }

    /// Renames the file if its content is the right one.
    ///
    /// - Returns: nil when done, or the digest of the wrong content; then nothing has changed.
    func publish(as final: String) async throws -> String? {
        try await onQueue {
            let found = self.state.withLock { $0.hasher.finish() }
            guard found == self.digest.hex else { return found }
            // What lies under the final name is trusted from then on, so it must survive a power failure.
            guard fsync(self.descriptor) == 0 else { throw self.failure("write") }
            try FileSystem.move(self.path, to: final)
            return nil
        }
    }

    private func failure(_ operation: String, after byteCount: Int = 0) -> HubError {
        let code = errno
        guard code == ENOSPC || code == EDQUOT || code == EFBIG else {
            return .fileSystem(operation: operation, path: path, code: code)
        }
        let available = code == ENOSPC ? FileSystem.availableBytes(path) ?? 0 : 0
        return .diskFull(path: path, needed: expectedByteCount - byteCount, available: available)
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
