#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A repository of which something is in a cache.
public struct CachedRepository: Sendable, Hashable {
    /// A commit of which files are there.
    public struct Revision: Sendable, Hashable {
        /// The commit's id.
        public let commit: String
        /// The branches and tags that stood at it when they were last looked up.
        public let references: [String]
        /// The folder with the files.
        public let folder: URL
        /// The files' names, relative to the folder; without those whose contents are missing.
        public let files: [String]
    }

    /// The repository.
    public let repository: HubRepository
    /// The commits, sorted by id.
    public let revisions: [Revision]
    /// The bytes that the contents take, half-downloaded ones included; contents shared between commits count once.
    public let byteCount: Int
    /// When a content was last added, in seconds since 1970.
    public let lastModified: Int
}

extension HubCache {
    /// The repositories of which something is there, sorted by name. Datasets and spaces are left out.
    ///
    /// - Returns: the repositories; empty where there is no cache.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)`` where a folder cannot be read.
    /// - Complexity: O(number of files).
    public func repositories() throws(HubError) -> [CachedRepository] {
        var found: [CachedRepository] = []
        for name in try FileSystem.names(in: path) {
            guard let repository = HubRepository(folderName: name), FileSystem.isFolder(path + "/" + name) else {
                continue
            }
            found.append(try cached(repository))
        }
        return found
    }

    private func cached(_ repository: HubRepository) throws(HubError) -> CachedRepository {
        let folder = repositoryFolder(repository)
        var byteCount = 0
        var lastModified = 0
        for blob in try FileSystem.names(in: folder + "/blobs") {
            byteCount += FileSystem.fileSize(folder + "/blobs/" + blob) ?? 0
            lastModified = max(lastModified, FileSystem.modificationTime(folder + "/blobs/" + blob))
        }
        let references = try references(of: repository)
        var revisions: [CachedRepository.Revision] = []
        for commit in try FileSystem.names(in: folder + "/snapshots") where Self.isCommit(commit) {
            let snapshot = snapshotFolder(repository, commit: commit)
            revisions.append(
                CachedRepository.Revision(
                    commit: commit,
                    references: references.filter { $0.commit == commit }.map(\.name),
                    folder: URL(fileURLWithPath: snapshot, isDirectory: true),
                    files: try Self.files(in: snapshot)
                )
            )
        }
        return CachedRepository(
            repository: repository,
            revisions: revisions,
            byteCount: byteCount,
            lastModified: lastModified
        )
    }

    /// The files below a folder, as relative paths.
    static func files(in folder: String, below prefix: String = "", depth: Int = 0) throws(HubError) -> [String] {
        var files: [String] = []
        for name in try FileSystem.names(in: folder) {
            let path = folder + "/" + name
            if FileSystem.fileSize(path) != nil {
                files.append(prefix + name)
            } else if depth < 8, FileSystem.linkTarget(path) == nil, FileSystem.isFolder(path) {
                files += try Self.files(in: path, below: prefix + name + "/", depth: depth + 1)
            }
        }
        return files
    }

    private func references(of repository: HubRepository) throws(HubError) -> [(name: String, commit: String)] {
        let folder = repositoryFolder(repository) + "/refs"
        var references: [(name: String, commit: String)] = []
        for name in try Self.files(in: folder) {
            if let commit = try reference(folder + "/" + name) { references.append((name, commit)) }
        }
        return references
    }

    private func reference(_ path: String) throws(HubError) -> String? {
        guard let bytes = try FileSystem.contents(path, limit: 1024) else { return nil }
        let text = TrimmedText.of(bytes)
        return Self.isCommit(text) ? text : nil
    }

    /// The commit that a branch, tag or commit stands for, as far as the cache knows.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - revision: the branch, tag or commit.
    /// - Returns: the commit, or nil where the cache has nothing of it.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)`` where a file cannot be read.
    public func commit(of repository: HubRepository, revision: String = "main") throws(HubError) -> String? {
        guard ModelReference.isRevision(revision) else { return nil }
        let commit =
            try reference(repositoryFolder(repository) + "/refs/" + revision)
            ?? (Self.isCommit(revision) ? revision : nil)
        guard let commit, FileSystem.isFolder(snapshotFolder(repository, commit: commit)) else { return nil }
        return commit
    }

    /// Removes all that is there of a repository.
    ///
    /// Contents that Python's Xet client shares between repositories stay where they are.
    ///
    /// - Parameter repository: the repository.
    /// - Returns: the bytes that were freed, or nil where there was nothing.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)``.
    @discardableResult
    public func remove(_ repository: HubRepository) throws(HubError) -> Int? {
        let folder = repositoryFolder(repository)
        guard FileSystem.isFolder(folder), FileSystem.linkTarget(folder) == nil else { return nil }
        var byteCount = 0
        for name in try FileSystem.names(in: folder + "/blobs") {
            let blob = folder + "/blobs/" + name
            if FileSystem.linkTarget(blob) == nil { byteCount += FileSystem.fileSize(blob) ?? 0 }
        }
        // Names first: whoever looks meanwhile finds nothing rather than half of it.
        for part in ["refs", "snapshots"] where FileSystem.isFolder(folder + "/" + part) {
            try FileSystem.removeFolder(folder + "/" + part)
        }
        try FileSystem.removeFolder(folder)
        let locks = lockFolder(repository)
        if FileSystem.isFolder(locks) { try FileSystem.removeFolder(locks) }
        return byteCount
    }
}
