import Foundation
import QwenJSON

/// Reference data beside the repository, where it is present.
enum Oracle {
    static let data: URL? = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["QWEN_ORACLE"].map { URL(fileURLWithPath: $0) }
        let root = named ?? repository.appendingPathComponent("../shared/oracle").standardized
        let data = root.appendingPathComponent("data")
        return FileManager.default.fileExists(atPath: data.path) ? data : nil
    }()

    static let isPresent = data != nil

    /// A JSON file.
    static func json(_ url: URL) throws -> JSONValue {
        try JSONValue(parsing: Array(Data(contentsOf: url)), options: .init(loneSurrogates: .replace))
    }

    /// The lines of a compressed file.
    static func lines(_ name: String) throws -> [JSONValue] {
        #if os(Linux) || os(macOS)
            guard let url = data?.appendingPathComponent(name) else { return [] }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["gzip", "-dc", url.path]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let bytes = Array(pipe.fileHandleForReading.readDataToEndOfFile())
            process.waitUntilExit()
            return try bytes.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        #else
            return []
        #endif
    }
}
