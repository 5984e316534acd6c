#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The folder in which LM Studio keeps its models: `PUBLISHER/REPOSITORY/FILE`.
public struct LMStudioStore: Sendable, Hashable {
    /// The folder.
    public let directory: URL

    /// Names a folder.
    ///
    /// - Parameter directory: the folder.
    public init(directory: URL) {
        self.directory = directory
    }

    /// The folder in the user's home: that in LM Studio's own folder, which `~/.lmstudio-home-pointer` may name, else
    /// `~/.lmstudio/models`, or the older `~/.cache/lm-studio/models` where only that is there.
    ///
    /// - Parameter environment: the variables; those of the process if not given.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let home = EnvironmentVariables(environment).home
        var candidates = [home + "/.lmstudio/models", home + "/.cache/lm-studio/models"]
        if let pointer = try? FileSystem.contents(home + "/.lmstudio-home-pointer", limit: 4096) {
            let named = TrimmedText.of(pointer)
            if named.hasPrefix("/") { candidates.insert(named + "/models", at: 0) }
        }
        let path = candidates.first(where: FileSystem.isFolder) ?? candidates[0]
        directory = URL(fileURLWithPath: path, isDirectory: true)
    }

    /// Finds a model.
    ///
    /// - Parameters:
    ///   - repository: the publisher and the name.
    ///   - file: the quantisation or the name of the GGUF file; nil where there is only one, or a checkpoint.
    /// - Returns: the checkpoint's folder, or the GGUF file (the first part of a split one).
    /// - Throws: ``HubError/notCached(model:folder:)``, ``HubError/incomplete(folder:missing:)`` or
    ///   ``HubError/noSuchFile(model:wanted:available:)``.
    public func model(_ repository: HubRepository, file: String? = nil) throws(HubError) -> URL {
        let folder = directory.path + "/" + repository.id
        let files = try HubCache.files(in: folder)
        guard !files.isEmpty else { throw .notCached(model: "lmstudio:\(repository.id)", folder: directory.path) }
        if file == nil, files.contains("config.json") {
            let missing = try HubCache.missingFiles(ofCheckpoint: folder)
            guard missing.isEmpty else { throw .incomplete(folder: folder, missing: missing) }
            return URL(fileURLWithPath: folder, isDirectory: true)
        }
        let parts = try WeightFiles.gguf(file, among: files, model: "lmstudio:\(repository.id)")
        let missing = parts.filter { FileSystem.fileSize(folder + "/" + $0) == nil }
        guard missing.isEmpty else { throw .incomplete(folder: folder, missing: missing) }
        return URL(fileURLWithPath: folder + "/" + parts[0])
    }

    /// The repositories in the folder that have weights.
    ///
    /// - Returns: the repositories, sorted by name; empty where there is no such folder.
    /// - Throws: ``HubError/fileSystem(operation:path:code:)`` where a folder cannot be read.
    public func repositories() throws(HubError) -> [HubRepository] {
        var found: [HubRepository] = []
        for publisher in try FileSystem.names(in: directory.path) {
            for name in try FileSystem.names(in: directory.path + "/" + publisher) {
                guard let repository = try? HubRepository("\(publisher)/\(name)"),
                    try HubCache.files(in: directory.path + "/" + repository.id)
                        .contains(where: { $0.hasSuffix(".gguf") || $0.hasSuffix(".safetensors") })
                else { continue }
                found.append(repository)
            }
        }
        return found
    }
}
