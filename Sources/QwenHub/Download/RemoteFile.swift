/// A file of a repository on the Hub.
struct RemoteFile: Sendable, Hashable {
    /// The name, with the folders above it.
    let path: String
    let byteCount: Int
    /// What its content's name is.
    let digest: ContentDigest
}

/// The files of a commit.
struct RemoteListing: Sendable {
    let commit: String
    let files: [RemoteFile]

    subscript(path: String) -> RemoteFile? {
        files.first { $0.path == path }
    }
}
