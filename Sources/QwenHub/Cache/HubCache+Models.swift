internal import QwenModel

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension HubCache {
    /// Finds a model that is wholly there, without the network.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - revision: the branch, tag or commit.
    ///   - file: the quantisation or name of a GGUF file; nil for the checkpoint, or for the GGUF file of a repository that
    ///     has no other weights.
    /// - Returns: the checkpoint's folder, or the GGUF file (the first part of a split one).
    /// - Throws: ``HubError/notCached(model:folder:)``, ``HubError/incomplete(folder:missing:)`` with the missing files, or
    ///   ``HubError/noSuchFile(model:wanted:available:)``.
    public func model(
        _ repository: HubRepository,
        revision: String = "main",
        file: String? = nil
    ) throws(HubError) -> URL {
        guard let commit = try commit(of: repository, revision: revision) else {
            throw .notCached(model: repository.id, folder: path)
        }
        let folder = snapshotFolder(repository, commit: commit)
        let files = try Self.files(in: folder)
        let isGGUF = file != nil || (!files.contains("config.json") && WeightFiles.hasGGUF(files))
        guard isGGUF else {
            let missing = try Self.missingFiles(ofCheckpoint: folder)
            guard missing.isEmpty else { throw .incomplete(folder: folder, missing: missing) }
            return URL(fileURLWithPath: folder, isDirectory: true)
        }
        let parts = try WeightFiles.gguf(file, among: files, model: repository.id)
        let missing = parts.filter { FileSystem.fileSize(folder + "/" + $0) == nil }
        guard missing.isEmpty else { throw .incomplete(folder: folder, missing: missing) }
        return URL(fileURLWithPath: folder + "/" + parts[0])
    }

    /// The files without which a folder is no checkpoint: `config.json`, and the weights in one file or in all the files that
    /// the index names. A link to a content that is not there counts as missing.
    ///
    /// - Parameter folder: the folder's path.
    /// - Returns: the names; empty where nothing is missing.
    /// - Throws: ``HubError/damagedRecord(path:reason:)`` where the index cannot be understood.
    static func missingFiles(ofCheckpoint folder: String) throws(HubError) -> [String] {
        func isMissing(_ name: String) -> Bool { FileSystem.fileSize(folder + "/" + name) == nil }
        var missing = isMissing("config.json") ? ["config.json"] : []
        guard isMissing(WeightFiles.single) else { return missing }
        let index = folder + "/" + WeightFiles.index
        guard let bytes = try FileSystem.contents(index, limit: ShardIndex.maximumByteCount) else {
            // Whether there was to be an index is not known.
            return missing + [WeightFiles.single]
        }
        missing += try WeightFiles.shards(parsing: bytes, path: index).filter(isMissing)
        return missing
    }
}
