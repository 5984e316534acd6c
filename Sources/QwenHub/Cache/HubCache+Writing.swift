extension HubCache {
    /// Makes the folders for a commit. The snapshot's comes before any reference to it: Python takes a reference to a
    /// snapshot that is not there for damage.
    package func prepare(_ repository: HubRepository, commit: String) throws(HubError) {
        let folder = repositoryFolder(repository)
        try FileSystem.makeFolder(snapshotFolder(repository, commit: commit))
        try FileSystem.makeFolder(folder + "/blobs")
        try FileSystem.makeFolder(lockFolder(repository))
        let tag = path + "/CACHEDIR.TAG"
        if FileSystem.fileSize(tag) == nil {
            // Tells backup programs that nothing here is worth keeping: https://bford.info/cachedir/
            let text = """
                Signature: 8a477f597d28d172789f06886806bc55
                # This folder holds models that can be downloaded again.

                """
            try FileSystem.replace(tag, with: text, workFolder: path)
        }
    }

    /// Notes the commit that a branch or tag stands at.
    package func setReference(_ revision: String, of repository: HubRepository, to commit: String) throws(HubError) {
        guard revision != commit, ModelReference.isRevision(revision), Self.isCommit(commit) else { return }
        let path = repositoryFolder(repository) + "/refs/" + revision
        let bytes = Array(commit.utf8)
        if try FileSystem.contents(path, limit: 1024) == bytes { return }
        guard let slash = path.lastIndex(of: "/") else { return }
        try FileSystem.makeFolder(String(path[..<slash]))
        // The temporary file must not stand in `refs`, where it would be a reference itself.
        try FileSystem.replace(path, with: commit, workFolder: repositoryFolder(repository))
    }

    /// Makes a content visible as a file of a commit.
    package func link(
        _ file: String,
        of repository: HubRepository,
        commit: String,
        to digest: ContentDigest
    ) throws(HubError) {
        guard ModelReference.isRelativePath(file) else { throw .invalidName(file, reason: "it is no relative path") }
        let snapshot = snapshotFolder(repository, commit: commit)
        let depth = file.utf8.count { $0 == UInt8(ascii: "/") }
        if depth > 0, let slash = file.lastIndex(of: "/") {
            try FileSystem.makeFolder(snapshot + "/" + file[..<slash])
        }
        let target = String(repeating: "../", count: depth + 2) + "blobs/" + digest.hex
        try FileSystem.link(snapshot + "/" + file, to: target)
    }

    /// Notes that a commit has no such file, so that Python need not ask either.
    package func setMissing(_ file: String, of repository: HubRepository, commit: String) throws(HubError) {
        let folder = repositoryFolder(repository) + "/.no_exist/" + commit
        guard ModelReference.isRelativePath(file), !file.utf8.contains(UInt8(ascii: "/")) else { return }
        if FileSystem.fileSize(folder + "/" + file) != nil { return }
        try FileSystem.makeFolder(folder)
        try FileSystem.replace(folder + "/" + file, with: "", workFolder: folder)
    }
}
