#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Brings the files of a model into the cache.
struct SnapshotDownload: Sendable {
    let connection: HubConnection
    let revision: String
    let commit: String
    let recorder: ProgressRecorder

    private var cache: HubCache { connection.configuration.cache }
    private var repository: HubRepository { connection.repository }

    /// Downloads what is missing.
    ///
    /// - Parameter file: the quantisation or name of a GGUF file, or nil.
    /// - Returns: the checkpoint's folder, or the GGUF file.
    /// - Throws: `HubError` or `CancellationError`.
    func run(file: String?) async throws -> URL {
        // Whole already, and the branch has not moved: nothing to list.
        if let found = try? cache.model(repository, revision: commit, file: file) {
            try? cache.setReference(revision, of: repository, to: commit)
            return found
        }
        let listing = try await connection.listing(of: commit)
        let names = listing.files.map(\.path)
        try cache.prepare(repository, commit: commit)
        let isCheckpoint =
            names.contains("config.json") && (names.contains(WeightFiles.single) || names.contains(WeightFiles.index))
        if file == nil && isCheckpoint {
            try await downloadCheckpoint(listing)
        } else {
            guard WeightFiles.hasGGUF(names) else { throw HubError.noCheckpoint(model: repository.id) }
            let parts = try WeightFiles.gguf(file, among: names, model: repository.id)
            try await download(try parts.map { try entry($0, of: listing) })
        }
        // Only now: without a network the reference must lead to something whole.
        try cache.setReference(revision, of: repository, to: commit)
        return try cache.model(repository, revision: commit, file: file)
    }

    private func downloadCheckpoint(_ listing: RemoteListing) async throws {
        let descriptions = WeightFiles.descriptions.compactMap { listing[$0] }
        for name in WeightFiles.descriptions where listing[name] == nil {
            try cache.setMissing(name, of: repository, commit: commit)
        }
        if let single = listing[WeightFiles.single] {
            return try await download(descriptions + [single])
        }
        let index = try entry(WeightFiles.index, of: listing)
        try await download(descriptions + [index])
        let path = cache.snapshotFolder(repository, commit: commit) + "/" + WeightFiles.index
        guard let bytes = try FileSystem.contents(path, limit: 64 << 20) else {
            throw HubError.incomplete(
                folder: cache.snapshotFolder(repository, commit: commit),
                missing: [WeightFiles.index]
            )
        }
        let shards = try WeightFiles.shards(parsing: bytes, path: path)
        try await download(try shards.map { try entry($0, of: listing) })
    }

    private func entry(_ name: String, of listing: RemoteListing) throws -> RemoteFile {
        guard let file = listing[name] else { throw HubError.fileNotFound(repository: repository.id, file: name) }
        return file
    }

    private func download(_ files: [RemoteFile]) async throws {
        recorder.add(files)
        try checkSpace(for: files)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = files[...]
            func startNext() {
                guard let file = waiting.popFirst() else { return }
                let blob = BlobDownload(connection: connection, commit: commit, file: file, recorder: recorder)
                group.addTask { try await blob.run() }
            }
            for _ in 0..<max(1, connection.configuration.concurrentFiles) { startNext() }
            while try await group.next() != nil { startNext() }
        }
    }

    /// Fails before anything is downloaded that the disk could not hold.
    private func checkSpace(for files: [RemoteFile]) throws {
        var needed = 0
        for file in Set(files.map { Content(digest: $0.digest, byteCount: $0.byteCount) }) {
            if FileSystem.fileSize(cache.blob(repository, file.digest)) != nil { continue }
            let present = FileSystem.fileSize(cache.incompleteBlob(repository, file.digest)) ?? 0
            let (sum, overflows) = needed.addingReportingOverflow(max(0, file.byteCount - present))
            needed = overflows ? .max : sum
        }
        guard let available = FileSystem.availableBytes(cache.path), needed > available else { return }
        throw HubError.diskFull(path: cache.path, needed: needed, available: available)
    }

    private struct Content: Hashable {
        let digest: ContentDigest
        let byteCount: Int
    }
}
