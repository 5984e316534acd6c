#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The folder in which models from the Hub are kept, the same as that of Python's `huggingface_hub`.
///
/// ```
/// models--Qwen--Qwen3-0.6B/
///     blobs/            the contents, each under its digest; `….incomplete` while it comes in
///     refs/main         the commit that a branch or tag stood at
///     snapshots/COMMIT/ the files by their names: relative links to ../../blobs
///     .no_exist/COMMIT/ empty files for names that the commit does not have
/// .locks/models--Qwen--Qwen3-0.6B/DIGEST.lock
/// ```
///
/// What Python downloaded is found here, and the other way round. Every step is such that a process that is killed leaves a
/// cache in which all that is visible is whole: a blob gets its name after its digest was checked, then the link to it is
/// made.
public struct HubCache: Sendable, Hashable {
    /// The folder.
    public let directory: URL

    /// Names a cache, which need not exist yet.
    ///
    /// - Parameter directory: the folder.
    public init(directory: URL) {
        self.directory = directory
    }

    /// The cache that the environment names.
    ///
    /// `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `hub` in `HF_HOME`, else `huggingface/hub` in `XDG_CACHE_HOME`,
    /// else `~/.cache/huggingface/hub`. `~` and `$NAME` in the values stand for what they do in a shell.
    ///
    /// - Parameter environment: the variables; those of the process if not given.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let variables = EnvironmentVariables(environment)
        let path =
            variables.path("HF_HUB_CACHE") ?? variables.path("HUGGINGFACE_HUB_CACHE") ?? variables.hubHome + "/hub"
        directory = URL(fileURLWithPath: path, isDirectory: true)
    }

    /// The folder's path, without a slash at its end.
    var path: String {
        let path = directory.path
        return path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    package func repositoryFolder(_ repository: HubRepository) -> String {
        path + "/" + repository.folderName
    }

    package func snapshotFolder(_ repository: HubRepository, commit: String) -> String {
        repositoryFolder(repository) + "/snapshots/" + commit
    }

    package func blob(_ repository: HubRepository, _ digest: ContentDigest) -> String {
        repositoryFolder(repository) + "/blobs/" + digest.hex
    }

    /// Where a content stands while it comes in. Python's versions before 1.0 resume from the same file.
    package func incompleteBlob(_ repository: HubRepository, _ digest: ContentDigest) -> String {
        blob(repository, digest) + ".incomplete"
    }

    func lockFolder(_ repository: HubRepository) -> String {
        path + "/.locks/" + repository.folderName
    }

    package func lock(_ repository: HubRepository, _ digest: ContentDigest) -> String {
        lockFolder(repository) + "/" + digest.hex + ".lock"
    }

    /// Whether a text is a whole commit id: 40 lowercase hexadecimal digits.
    static func isCommit(_ text: String) -> Bool {
        ContentDigest(hex: text)?.kind == .gitBlob
    }
}
