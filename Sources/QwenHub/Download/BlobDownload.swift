/// Brings one content into the cache.
struct BlobDownload: Sendable {
    let connection: HubConnection
    let commit: String
    let file: RemoteFile
    let recorder: ProgressRecorder

    private var cache: HubCache { connection.configuration.cache }
    private var repository: HubRepository { connection.repository }
    private var blob: String { cache.blob(repository, file.digest) }

    /// Enough for one system call to be worth it, little enough for four files at a time.
    private static let batchByteCount = 1 << 20

    /// Downloads what is missing of the content, checks it, and makes it visible under the file's name.
    ///
    /// Another process that does the same is waited for.
    func run() async throws {
        if FileSystem.fileSize(blob) != file.byteCount {
            let lock = try await FileLock.acquire(cache.lock(repository, file.digest))
            // The other process may have been us.
            if FileSystem.fileSize(blob) != file.byteCount { try await download() }
            withExtendedLifetime(lock) {}
        }
        try cache.link(file.path, of: repository, commit: commit, to: file.digest)
        recorder.complete(file)
    }

    private func download() async throws {
        let path = cache.incompleteBlob(repository, file.digest)
        let incomplete = try IncompleteBlob(path: path, digest: file.digest, byteCount: file.byteCount)
        try await incomplete.resume()
        recorder.set(file, bytesDone: incomplete.byteCount)
        // What an earlier attempt left may be wrong, and a proxy may have sent something else: one more try from the start.
        for isLast in [false, true] {
            let validator = Validator()
            var before = incomplete.byteCount
            try await connection.persistently(
                isProgress: {
                    defer { before = incomplete.byteCount }
                    return incomplete.byteCount > before
                },
                { try await receive(into: incomplete, validator: validator) }
            )
            guard let found = try await incomplete.publish(as: blob) else { return }
            try await incomplete.reset()
            recorder.set(file, bytesDone: 0)
            if isLast {
                try FileSystem.removeFile(path)
                throw HubError.wrongDigest(path: file.path, expected: file.digest.hex, found: found)
            }
        }
    }

    /// The ETag of the first answer, which later ones must have too for their bytes to belong together.
    private final class Validator {
        var etag: String?
    }

    /// Makes one request for what is missing, and writes what comes.
    private func receive(into incomplete: IncompleteBlob, validator: Validator) async throws {
        let start = incomplete.byteCount
        guard start < file.byteCount else { return }
        var headers: [(String, String)] = []
        if start > 0 {
            headers.append(("Range", "bytes=\(start)-"))
            if let etag = validator.etag { headers.append(("If-Range", etag)) }
        }
        let answer = try await connection.send(.get, connection.url(of: file, commit: commit), headers: headers)
        if let found = answer.linkedETag, found != file.digest.hex {
            throw HubError.changed(file: file.path, expected: file.digest.hex, found: found)
        }
        let response = answer.response
        switch response.status {
        case 200:
            // The server knows no ranges, or what it has is another content than it was.
            if start > 0 { try await restart(incomplete) }
            if let length = response.headers["Content-Length"].flatMap({ Int($0) }), length != file.byteCount {
                throw HubError.wrongSize(file: file.path, expected: file.byteCount, found: length)
            }
        case 206:
            let range = response.headers["Content-Range"].flatMap(ContentRange.init)
            guard let range, range.start == start, range.total ?? file.byteCount == file.byteCount else {
                try await restart(incomplete)
                throw HubError.wrongSize(file: file.path, expected: file.byteCount, found: range?.total ?? 0)
            }
        case 416:
            try await restart(incomplete)
            throw HubError.wrongSize(file: file.path, expected: file.byteCount, found: start)
        default:
            throw DelayedFailure(
                error: connection.error(for: answer, revision: commit, file: file.path),
                retryAfter: response.headers["Retry-After"]
            )
        }
        // Only a strong one says that two answers are parts of the same bytes.
        validator.etag = response.headers["ETag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
        try await write(answer, to: incomplete)
        guard incomplete.byteCount == file.byteCount else {
            throw HubError.wrongSize(file: file.path, expected: file.byteCount, found: incomplete.byteCount)
        }
    }

    private func restart(_ incomplete: IncompleteBlob) async throws {
        try await incomplete.reset()
        recorder.set(file, bytesDone: 0)
    }

    /// Writes a batch while the next one comes in. What came before a failure is written too.
    private func write(_ answer: HubConnection.Answer, to incomplete: IncompleteBlob) async throws {
        var batch: [UInt8] = []
        var writing: Task<Void, any Error>?
        var total = incomplete.byteCount
        func flush() async throws {
            try await writing?.value
            guard !batch.isEmpty else { return }
            let bytes = batch
            batch = []
            batch.reserveCapacity(Self.batchByteCount + (1 << 16))
            writing = Task {
                try await incomplete.append(bytes)
                recorder.set(file, bytesDone: incomplete.byteCount, received: bytes.count)
            }
        }
        var failure: (any Error)?
        do {
            for try await piece in answer.response.body {
                total += piece.count
                guard total <= file.byteCount else {
                    throw HubError.wrongSize(file: file.path, expected: file.byteCount, found: total)
                }
                batch += piece
                if batch.count >= Self.batchByteCount { try await flush() }
                try Task.checkCancellation()
            }
        } catch {
            failure = error
        }
        // The second waits for the last.
        try await flush()
        try await flush()
        if let failure { throw try HubConnection.failure(failure, url: answer.url) }
    }
}

/// `bytes 100-199/200`; a total of `*` is not known.
struct ContentRange {
    let start: Int
    let total: Int?

    init?(_ text: String) {
        let parts = text.split(whereSeparator: { " -/".contains($0) })
        guard parts.count == 4, parts[0].lowercased() == "bytes", let start = Int(parts[1]), let end = Int(parts[2]),
            start <= end
        else { return nil }
        self.start = start
        guard parts[3] != "*" else {
            total = nil
            return
        }
        guard let total = Int(parts[3]) else { return nil }
        self.total = total
    }
}
