import Foundation
import QwenJSON
import QwenTokenizer

/// A text with the ids that the reference gives.
struct ReferenceCase: Sendable {
    let text: String
    let ids: [Int]
    /// The ids with every added token disabled.
    let plainIDs: [Int]?
    /// The text in NFC, by the reference.
    let normalized: String?
}

enum Fixtures {
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        return Array(try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func cases(_ name: String) throws -> [ReferenceCase] { try cases(in: bytes(name)) }

    static func cases(in bytes: [UInt8]) throws -> [ReferenceCase] {
        try bytes.split(separator: UInt8(ascii: "\n")).map { line in
            let row = try JSONValue(parsing: Array(line))
            func ids(_ key: String) -> [Int]? { row[key]?.array?.compactMap(\.int) }
            return ReferenceCase(
                text: row["text"]?.string ?? "",
                ids: ids("ids") ?? [],
                plainIDs: ids("plain_ids"),
                normalized: row["nfc"]?.string
            )
        }
    }

    /// A vocabulary of 608 entries with added tokens of every kind.
    static let smallTokenizer = Result { try Tokenizer(tokenizerJSON: bytes("small_tokenizer.json")) }
}

/// The reference data, where this machine has it.
enum Oracle {
    static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["QWEN_ORACLE"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/oracle")
    }()

    static func file(_ name: String) -> URL { root.appendingPathComponent("data").appendingPathComponent(name) }

    static var isPresent: Bool { FileManager.default.fileExists(atPath: file("tokenizer.json").path) }
}

/// A small deterministic source of randomness (SplitMix64), so that a failure can be repeated.
struct RepeatableRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Whether two texts have the same bytes; `==` would take canonical equivalents for equal.
func hasSameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
