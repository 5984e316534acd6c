import Foundation

/// The files that these tests carry.
enum Fixtures {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }
}

/// Reference data beside the repository, used where it is present.
enum Oracle {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["QWEN_ORACLE"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/oracle").standardizedFileURL
    }()

    static let isPresent = FileManager.default.fileExists(atPath: folder.appending(path: "data").path)

    static func file(_ path: String) -> URL { folder.appending(path: "data/" + path) }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: file(path))) }
}
