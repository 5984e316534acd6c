#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of this process's own, in memory where the system has such a place.
enum TemporaryFolder {
    static let path: String = {
        var template = Array(((access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/qwen-fuzz-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("There is no place for a folder.") }
        atexit {
            for name in TemporaryFolder.names { unlink(TemporaryFolder.path + "/" + name) }
            rmdir(TemporaryFolder.path)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    private nonisolated(unsafe) static var names: Set<String> = []

    /// Writes a file, in place of one that has the name already.
    static func write(_ bytes: some Collection<UInt8>, as name: String) -> String {
        names.insert(name)
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0)
        let contents = Array(bytes)
        precondition(write(descriptor, contents, contents.count) == contents.count)
        close(descriptor)
        return file
    }

    private static func write(_ descriptor: CInt, _ bytes: [UInt8], _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes, count)
        #else
            Darwin.write(descriptor, bytes, count)
        #endif
    }

    static func remove(_ name: String) { unlink(path + "/" + name) }
}
