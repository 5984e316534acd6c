import QwenJSON
public import QwenModel

extension Checkpoint {
    /// The metadata with which a GGUF file carries this folder's tokenizer and chat template.
    ///
    /// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `tokenizer.ggml.*`, and what llama.cpp's converter writes
    /// for Qwen's models: ids that no token has are filled up, and tokens that look like control tokens are.
    ///
    /// - Returns: the entries; none for a checkpoint that is a GGUF file, which has them.
    /// - Throws: ``ModelLoadingError`` where `tokenizer.json` is missing or is not of the kind that this library reads,
    ///   `CheckpointError`.
    public func ggufVocabulary() throws -> [GGUFFile.Entry] {
        guard gguf == nil else { return [] }
        let files = CheckpointTextFiles(checkpoint: self)
        // Refuses what this library cannot read: another pattern, another kind of vocabulary.
        _ = try files.tokenizer()
        let path = path + "/tokenizer.json"
        guard let bytes = try contents(of: "tokenizer.json", limit: 256 << 20) else {
            throw ModelLoadingError.missingTokenizer(path: path)
        }
        let file = try JSONValue(parsing: bytes, options: JSONReadingOptions(maximumByteCount: 256 << 20))
        let size = configuration.vocabularySize
        var tokens = (0..<size).map { "[PAD\($0)]" }
        var kinds = [Int32](repeating: 5, count: size)
        for member in file["model"]?["vocab"]?.object?.members ?? [] {
            guard let id = member.value.int, (0..<size).contains(id) else { continue }
            tokens[id] = member.key
            kinds[id] = 1
        }
        for added in file["added_tokens"]?.array ?? [] {
            guard let id = added["id"]?.int, (0..<size).contains(id), let text = added["content"]?.string else {
                continue
            }
            let looksSpecial = text.hasPrefix("<|") && text.hasSuffix("|>")
            tokens[id] = text
            kinds[id] = added["special"]?.bool == true || looksSpecial ? 3 : 4
        }
        let merges = (file["model"]?["merges"]?.array ?? []).map { entry in
            entry.string ?? (entry.array ?? []).compactMap(\.string).joined(separator: " ")
        }
        func entry(_ key: String, _ value: GGUFValue) -> GGUFFile.Entry {
            GGUFFile.Entry(key: "tokenizer." + key, value: value)
        }
        var entries = [
            entry("ggml.model", .string("gpt2")),
            entry("ggml.pre", .string("qwen2")),
            entry("ggml.tokens", .strings(tokens)),
            entry("ggml.token_type", .numbers(GGUFNumbers(kinds))),
            entry("ggml.merges", .strings(merges)),
            entry("ggml.add_bos_token", .bool(false)),
        ]
        if let end = stopTokenIDs.first { entries.append(entry("ggml.eos_token_id", .unsigned(UInt64(end)))) }
        if let begin = configuration.bosTokenID { entries.append(entry("ggml.bos_token_id", .unsigned(UInt64(begin)))) }
        if let pad = configuration.padTokenID { entries.append(entry("ggml.padding_token_id", .unsigned(UInt64(pad)))) }
        if let template = try files.template() { entries.append(entry("chat_template", .string(template))) }
        return entries
    }
}
