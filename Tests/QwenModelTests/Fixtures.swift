import Foundation

/// The files that these tests carry.
enum Fixtures {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// The path of a file or folder.
    static func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// Reference data beside the repository, used where it is present.
enum Oracle {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["QWEN_ORACLE"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/oracle").standardizedFileURL
    }()

    static let isPresent = FileManager.default.fileExists(atPath: folder.appending(path: "data").path)

    /// The path of a file or folder in `data/`.
    static func path(_ name: String) -> String { folder.appending(path: "data/" + name).path }
}
