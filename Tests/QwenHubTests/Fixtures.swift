import Foundation

/// The files of this test target.
enum Fixtures {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// A cache that Python's huggingface_hub 2.4.0 wrote.
    static let pythonCache = directory.appending(path: "hub", directoryHint: .isDirectory)
    static let commit = String(repeating: "c1", count: 20)
}

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "qwen-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file with the folders above it.
    @discardableResult
    func write(_ text: String, to path: String) throws -> URL {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file
    }

    /// A copy of the cache that Python wrote.
    func copyPythonCache() throws -> URL {
        let copy = url.appending(path: "hub", directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: Fixtures.pythonCache, to: copy)
        return copy
    }
}

/// Python with huggingface_hub, where there is one: `QWEN_PYTHON`, or `python3` of the path.
enum Python {
    private static let program = ProcessInfo.processInfo.environment["QWEN_PYTHON"] ?? "python3"

    static let hasHub: Bool = (try? run(["-c", "import huggingface_hub"])) != nil

    struct Failure: Error {
        let status: Int32
    }

    /// What a script of the fixtures prints.
    @discardableResult
    static func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return data
    }

    /// What huggingface_hub finds in a cache.
    struct CacheReport: Decodable {
        let warnings: [String]
        let repositories: [String: [String: [String]]]
        let snapshot: String
        let files: [String: String]
    }

    static func read(cache: URL, repository: String, files: [String]) throws -> CacheReport {
        let script = Fixtures.directory.appending(path: "read_cache.py").path
        return try JSONDecoder().decode(CacheReport.self, from: run([script, cache.path, repository] + files))
    }
}
