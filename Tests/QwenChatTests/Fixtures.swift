import Foundation

/// The files of this test target.
enum Fixtures {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func lines(of name: String) throws -> [String] {
        try Lines.read(directory.appending(path: name))
    }
}

/// Reference data beside the repository, used where it is present.
enum Oracle {
    static let directory: URL = {
        if let path = ProcessInfo.processInfo.environment["QWEN_ORACLE"] { return URL(filePath: path) }
        let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
        return root.appending(path: "shared/oracle").standardized
    }()

    static let isPresent = FileManager.default.fileExists(atPath: directory.appending(path: "data").path)

    static func lines(of name: String) throws -> [String] {
        try Lines.read(directory.appending(path: "data").appending(path: name))
    }
}

enum Lines {
    static func read(_ url: URL) throws -> [String] {
        try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
