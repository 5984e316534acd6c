import Foundation
import QwenJSON

/// Real text that the repository holds anyway.
enum SampleText {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of the library.
    static let sourceCode: [String] = {
        let sources = repository.appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        let swift = (files?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
        return swift.sorted { $0.path < $1.path }.compactMap { try? String(contentsOf: $0, encoding: .utf8) }
    }()

    /// The texts that the tokenizer is tested on: many scripts, emoji, white space, nonsense.
    static let manyLanguages: [String] = {
        let cases = repository.appendingPathComponent("Tests/QwenTokenizerTests/Fixtures/qwen_cases.jsonl")
        let lines = ((try? Data(contentsOf: cases)) ?? Data()).split(separator: 0x0A)
        return lines.compactMap { try? JSONValue(parsing: Array($0))["text"]?.string }
    }()
}
