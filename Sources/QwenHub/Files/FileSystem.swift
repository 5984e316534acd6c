#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The operating system's words for an `errno` value.
func systemMessage(_ code: Int32) -> String {
    guard let message = strerror(code) else { return "error \(code)" }
    return String(cString: message)
}

/// The system calls that the caches are made of, with errors that say what was done to which path.
enum FileSystem {
    /// Makes a folder and those above it.
    static func makeFolder(_ path: String) throws(HubError) {
        if mkdir(path, 0o777) == 0 || isFolder(path) { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .fileSystem(operation: "make the folder", path: path, code: errno)
        }
        try makeFolder(String(path[..<slash]))
        // Another process may have been faster.
        guard mkdir(path, 0o777) == 0 || isFolder(path) else {
            throw .fileSystem(operation: "make the folder", path: path, code: errno)
        }
    }

    static func isFolder(_ path: String) -> Bool {
        let before = errno
        defer { errno = before }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The size of a regular file, links followed; nil where there is none.
    static func fileSize(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(exactly: status.st_size)
    }

    /// Where a symbolic link points; nil where there is none.
    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Makes a symbolic link; one of that name that points to something else is replaced in one step.
    static func link(_ path: String, to target: String) throws(HubError) {
        if symlink(target, path) == 0 { return }
        guard errno == EEXIST else { throw .fileSystem(operation: "link", path: path, code: errno) }
        if linkTarget(path).map({ Array($0.utf8) == Array(target.utf8) }) == true { return }
        let temporary = path + ".\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"
        guard symlink(target, temporary) == 0 else { throw .fileSystem(operation: "link", path: path, code: errno) }
        do {
            try move(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    static func move(_ path: String, to target: String) throws(HubError) {
        guard rename(path, target) == 0 else { throw .fileSystem(operation: "rename", path: path, code: errno) }
    }

    static func removeFile(_ path: String) throws(HubError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .fileSystem(operation: "remove", path: path, code: errno)
        }
    }

    /// Removes a folder with all that is in it; links are removed, not followed.
    static func removeFolder(_ path: String) throws(HubError) {
        for name in try names(in: path) {
            let inner = path + "/" + name
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { try removeFolder(inner) } else { try removeFile(inner) }
        }
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw .fileSystem(operation: "remove", path: path, code: errno)
        }
    }

    /// What is in a folder, sorted by bytes; nothing where there is no folder.
    static func names(in path: String) throws(HubError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw .fileSystem(operation: "list", path: path, code: errno)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// A small file's contents; nil where there is no such file.
    ///
    /// - Throws: ``HubError/damagedRecord(path:reason:)`` where it is larger than `limit`.
    static func contents(_ path: String, limit: Int) throws(HubError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .fileSystem(operation: "open", path: path, code: errno)
        }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return contents }
            if count < 0 {
                if errno == EINTR { continue }
                throw .fileSystem(operation: "read", path: path, code: errno)
            }
            contents += chunk[..<count]
            guard contents.count <= limit else {
                throw .damagedRecord(path: path, reason: "it is larger than \(limit) bytes")
            }
        }
    }

    /// Writes a small file under a temporary name and renames it, so that nobody sees half of it. The temporary file stands
    /// in the work folder, on the same disk.
    static func replace(_ path: String, with contents: String, workFolder: String) throws(HubError) {
        let temporary = workFolder + "/.\(getpid())-\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .fileSystem(operation: "write", path: path, code: errno) }
        let bytes = Array(contents.utf8)
        let written = write(descriptor, bytes, bytes.count)
        let code = errno
        close(descriptor)
        guard written == bytes.count else {
            unlink(temporary)
            throw .fileSystem(operation: "write", path: path, code: written < 0 ? code : ENOSPC)
        }
        do {
            try move(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// When a file was last written, in seconds since 1970; 0 where there is none.
    static func modificationTime(_ path: String) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        #if canImport(Darwin)
        return Int(status.st_mtimespec.tv_sec)
        #else
        return Int(status.st_mtim.tv_sec)
        #endif
    }

    /// The bytes that this user may still write to the disk of a folder, or of the nearest folder above it that exists.
    static func availableBytes(_ path: String) -> Int? {
        var folder = path
        while true {
            var status = statvfs()
            if statvfs(folder, &status) == 0 {
                let (bytes, overflows) = UInt64(status.f_bavail).multipliedReportingOverflow(
                    by: UInt64(status.f_frsize)
                )
                return overflows ? nil : Int(exactly: bytes)
            }
            guard errno == ENOENT, let slash = folder.lastIndex(of: "/") else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
    }
}
