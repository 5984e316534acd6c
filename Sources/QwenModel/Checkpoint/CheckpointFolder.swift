#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A folder whose files may be opened, and no others.
struct CheckpointFolder: Sendable {
    /// The folder's absolute path, without symbolic links.
    let path: String
    /// The files, where they are part of the program and `path` is but a name.
    private let embedded: EmbeddedFiles?

    init(path: String) throws(CheckpointError) {
        guard let resolved = resolve(path) else { throw .cannotOpen(path: path, code: errno) }
        var status = stat()
        guard stat(resolved, &status) == 0 else { throw .cannotOpen(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(path: path) }
        self.path = resolved
        embedded = nil
    }

    init(_ files: EmbeddedFiles) {
        path = files.name
        embedded = files
    }

    /// Whether there is something by that name.
    func contains(_ name: String) -> Bool {
        if let embedded { return embedded[name] != nil }
        var status = stat()
        return lstat(path + "/" + name, &status) == 0
    }

    /// The absolute path without symbolic links.
    static func resolved(_ path: String) throws(CheckpointError) -> String {
        guard let resolved = resolve(path) else { throw .cannotOpen(path: path, code: errno) }
        return resolved
    }

    /// The names in a folder that end in something, in the order of their bytes.
    static func names(in path: String, endingIn suffix: String) throws(CheckpointError) -> [String] {
        guard let directory = opendir(path) else { throw .cannotOpen(path: path, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                    String(cString: $0)
                }
            }
            if name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether a path leads to a folder; nil where it leads nowhere.
    static func isFolder(_ path: String) -> Bool? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT == S_IFDIR : nil
    }

    /// Opens a file of the folder.
    ///
    /// Symbolic links are followed to their end, which must lie in the folder, or in the `blobs` folder of Hugging
    /// Face's cache where this folder is `…/snapshots/REVISION` (there every file is a link to `../../blobs/HASH`, which may
    /// be a link to a `blobs` folder that all repositories share).
    func open(_ name: String) throws(CheckpointError) -> OpenFile {
        guard Self.isPlain(name) else { throw .unsafeFileName(name) }
        let full = path + "/" + name
        if let embedded {
            guard let bytes = embedded[name] else { throw .cannotOpen(path: full, code: ENOENT) }
            return OpenFile(path: full, memory: bytes)
        }
        guard let resolved = resolve(full) else { throw .cannotOpen(path: full, code: errno) }
        guard isAllowed(resolved) else { throw .linkLeavesFolder(path: full, target: resolved) }
        return try OpenFile(path: resolved)
    }

    private static func isPlain(_ name: String) -> Bool {
        let utf8 = name.utf8
        return !utf8.isEmpty && utf8.count <= 255 && name != "." && name != ".."
            && !utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    }

    private func isAllowed(_ resolved: String) -> Bool {
        func isBelow(_ folder: String) -> Bool {
            let prefix = folder == "/" ? "/" : folder + "/"
            return resolved.utf8.starts(with: prefix.utf8)
        }
        if isBelow(path) { return true }
        // REPOSITORY/snapshots/REVISION
        let components = path.utf8.split(separator: UInt8(ascii: "/"))
        guard components.count >= 3, components[components.count - 2].elementsEqual("snapshots".utf8) else {
            return false
        }
        let repository = components.dropLast(2).map { "/" + String(Substring($0)) }.joined()
        if isBelow(repository + "/blobs") { return true }
        // Hugging Face's Xet client keeps contents once for all repositories: CACHE/blobs beside
        // CACHE/models--OWNER--NAME.
        guard components.count >= 4, components[components.count - 3].starts(with: "models--".utf8) else {
            return false
        }
        let cache = components.dropLast(3).map { "/" + String(Substring($0)) }.joined()
        return isBelow(cache + "/blobs")
    }
}

/// The absolute path without symbolic links, or nil, with `errno` set, where there is nothing.
private func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
