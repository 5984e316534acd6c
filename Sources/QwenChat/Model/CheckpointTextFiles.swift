import QwenJSON
import QwenTokenizer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The files of a checkpoint that say how to talk to it.
struct CheckpointTextFiles {
    let directory: URL

    /// The checkpoint's tokenizer, or Qwen's own where the checkpoint has none and its vocabulary is of that size.
    func tokenizer(vocabularySize: Int) throws -> Tokenizer {
        let url = directory.appending(path: "tokenizer.json")
        if FileManager.default.fileExists(atPath: url.path) { return try Tokenizer(contentsOf: url) }
        // Qwen pads its 151,669 tokens to 151,936 or 152,064 rows.
        guard (Tokenizer.qwen.vocabularySize...152_064).contains(vocabularySize) else {
            throw ModelLoadingError.missingTokenizer(path: url.path)
        }
        return .qwen
    }

    /// The family of the checkpoint's template, or what its vocabulary tells where it has none.
    func templateFamily(tokenizer: Tokenizer) throws -> ChatTemplateFamily {
        if let template = try template() { return try ChatTemplateFamily(recognizing: template) }
        if tokenizer.id(of: "<think>") != nil, tokenizer.id(of: "</think>") != nil { return .qwen3 }
        guard tokenizer.id(of: "<|im_start|>") != nil, tokenizer.id(of: "<|im_end|>") != nil else {
            throw ChatTemplateError.unknownTemplate(
                reason: "there is none, and the vocabulary lacks <|im_start|> and <|im_end|>"
            )
        }
        return .chatML
    }

    /// The template's source: a file of its own, or a string in the tokenizer's configuration.
    private func template() throws -> String? {
        if let bytes = try contents(of: "chat_template.jinja") { return String(decoding: bytes, as: UTF8.self) }
        let name = "tokenizer_config.json"
        guard let bytes = try contents(of: name) else { return nil }
        let path = directory.appending(path: name).path
        let configuration: JSONValue
        do {
            configuration = try JSONValue(parsing: bytes)
        } catch {
            throw ModelLoadingError.unreadableFile(path: path, reason: "\(error)")
        }
        switch configuration["chat_template"] {
        case nil, .null?:
            return nil
        case .string(let template)?:
            return template
        case .array(let templates)?:
            // Several templates under names; the one for conversations is the default.
            let named = templates.first { $0["name"]?.string == "default" } ?? templates.first
            if let template = named?["template"]?.string { return template }
            fallthrough
        default:
            throw ModelLoadingError.unreadableFile(path: path, reason: "chat_template is not a template")
        }
    }

    /// The bytes of a file; `nil` if there is none.
    private func contents(of name: String) throws -> [UInt8]? {
        let path = directory.appending(path: name).path
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= Self.largestFile else {
                throw ModelLoadingError.unreadableFile(path: path, reason: "it has \(size) bytes")
            }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ModelLoadingError.unreadableFile(path: path, reason: "it cannot be opened")
            }
            return [UInt8](data)
        } catch let error as ModelLoadingError {
            throw error
        } catch {
            throw ModelLoadingError.unreadableFile(path: path, reason: "\(error)")
        }
    }

    /// Published ones have some ten thousand bytes.
    private static let largestFile = 16 << 20
}
