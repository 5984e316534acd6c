import QwenJSON
import QwenModel
import QwenTokenizer

/// What a checkpoint's files say about how to talk to it.
struct CheckpointTextFiles {
    let checkpoint: Checkpoint

    /// The checkpoint's tokenizer, or Qwen's own where the checkpoint has none and its vocabulary is of that size.
    func tokenizer() throws -> Tokenizer {
        if let gguf = checkpoint.gguf, let tokenizer = try GGUFVocabulary(model: gguf).tokenizer() { return tokenizer }
        let name = "tokenizer.json"
        if let bytes = try checkpoint.contents(of: name, limit: Self.largestTokenizer) {
            return try Tokenizer(tokenizerJSON: bytes)
        }
        // Qwen pads its 151,669 tokens to 151,936 or 152,064 rows.
        guard (Tokenizer.qwen.vocabularySize...152_064).contains(checkpoint.configuration.vocabularySize) else {
            throw ModelLoadingError.missingTokenizer(path: path(of: name))
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
    func template() throws -> String? {
        if let gguf = checkpoint.gguf { return GGUFVocabulary(model: gguf).template() }
        if let bytes = try contents(of: "chat_template.jinja") { return String(decoding: bytes, as: UTF8.self) }
        let name = "tokenizer_config.json"
        guard let bytes = try contents(of: name) else { return nil }
        let path = path(of: name)
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
    private func contents(of name: String) throws(ModelLoadingError) -> [UInt8]? {
        do {
            return try checkpoint.contents(of: name, limit: Self.largestFile)
        } catch {
            throw .unreadableFile(path: path(of: name), reason: "\(error)")
        }
    }

    private func path(of name: String) -> String { checkpoint.path + "/" + name }

    /// Published ones have some ten thousand bytes.
    private static let largestFile = 16 << 20
    /// Qwen's has 11 MB.
    private static let largestTokenizer = 256 << 20
}
