internal import QwenJSON

/// Reads a Hugging Face `tokenizer.json`, and refuses what would need another algorithm.
struct TokenizerFile {
    /// The largest file that is read; Qwen's has 11 MB.
    static let maximumByteCount = 256 << 20

    private let root: JSONValue
    private let alphabet = ByteLevelAlphabet()

    init(_ bytes: [UInt8]) throws(TokenizerError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .tooLarge(bytes: bytes.count, limit: Self.maximumByteCount)
        }
        do throws(JSONError) {
            root = try JSONValue(parsing: bytes)
        } catch {
            throw .malformedJSON(error)
        }
        guard root.object != nil else { throw .invalidField(path: "the root", expected: "an object") }
    }

    /// Builds the vocabulary that the file describes.
    func vocabulary() throws(TokenizerError) -> Vocabulary {
        let normalizes = try readNormalizer()
        try checkPreTokenizer()
        try checkDecoder()
        let ignoresMerges = try checkModel()
        let addedTokens = try readAddedTokens()
        return try VocabularyBuilder(textTokens: try readVocabulary(), addedTokens: addedTokens, alphabet: alphabet)
            .build(merges: try readMerges(), ignoresMerges: ignoresMerges, normalizes: normalizes)
    }

    // MARK: What must be as in Qwen's file

    private func readNormalizer() throws(TokenizerError) -> Bool {
        guard let normalizer = present(root["normalizer"]) else { return false }
        let steps = try sequence(normalizer, of: "normalizers", path: "normalizer")
        for step in steps {
            let type = try type(of: step, path: "normalizer")
            guard type == "NFC" else { throw .unsupported(path: "normalizer", value: type) }
        }
        return !steps.isEmpty
    }

    private func checkPreTokenizer() throws(TokenizerError) {
        let path = "pre_tokenizer"
        guard let preTokenizer = present(root[path]) else { throw .unsupported(path: path, value: "null") }
        let steps = try sequence(preTokenizer, of: "pretokenizers", path: path)
        guard steps.count == 2 else {
            throw .unsupported(path: path, value: "a sequence of \(steps.count) instead of Split, ByteLevel")
        }
        let types = [try type(of: steps[0], path: path), try type(of: steps[1], path: path)]
        guard types == ["Split", "ByteLevel"] else {
            throw .unsupported(path: path, value: types.joined(separator: ", "))
        }
        let split = steps[0]
        guard let pattern = split["pattern"]?["Regex"]?.string else {
            throw .invalidField(path: path + ".pattern.Regex", expected: "a string")
        }
        guard pattern.utf8.elementsEqual(PreTokenizer.pattern.utf8) else { throw .unsupportedPattern(pattern) }
        guard split["behavior"]?.string == "Isolated" else {
            throw .unsupported(path: path + ".behavior", value: describe(split["behavior"]))
        }
        try expect(split["invert"], false, path: path + ".invert")
        // ByteLevel's defaults in the reference are both true.
        guard steps[1]["add_prefix_space"]?.bool == false else {
            throw .unsupported(path: path + ".add_prefix_space", value: describe(steps[1]["add_prefix_space"]))
        }
        guard steps[1]["use_regex"]?.bool == false else {
            throw .unsupported(path: path + ".use_regex", value: describe(steps[1]["use_regex"]))
        }
    }

    private func checkDecoder() throws(TokenizerError) {
        guard let decoder = present(root["decoder"]) else { throw .unsupported(path: "decoder", value: "null") }
        let type = try type(of: decoder, path: "decoder")
        guard type == "ByteLevel" else { throw .unsupported(path: "decoder", value: type) }
    }

    /// Returns whether a word that is a token is not merged.
    private func checkModel() throws(TokenizerError) -> Bool {
        guard let model = root["model"], model.object != nil else {
            throw .invalidField(path: "model", expected: "an object")
        }
        if let type = model["type"], type.string != "BPE" {
            throw .unsupported(path: "model.type", value: describe(type))
        }
        for field in ["dropout", "unk_token"] where present(model[field]) != nil {
            throw .unsupported(path: "model." + field, value: describe(model[field]))
        }
        for field in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let value = present(model[field]), value.string != "" {
                throw .unsupported(path: "model." + field, value: describe(value))
            }
        }
        try expect(model["byte_fallback"], false, path: "model.byte_fallback")
        guard let ignoresMerges = present(model["ignore_merges"]) else { return false }
        guard let value = ignoresMerges.bool else {
            throw .invalidField(path: "model.ignore_merges", expected: "true or false")
        }
        return value
    }

    // MARK: The vocabulary

    private func readVocabulary() throws(TokenizerError) -> [(token: String, id: Int)] {
        guard let members = root["model"]?["vocab"]?.object else {
            throw .invalidField(path: "model.vocab", expected: "an object")
        }
        var tokens: [(token: String, id: Int)] = []
        tokens.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.int else {
                throw .invalidField(path: "model.vocab[\"\(member.key)\"]", expected: "an integer")
            }
            tokens.append((member.key, id))
        }
        return tokens
    }

    private func readMerges() throws(TokenizerError) -> [(left: String, right: String)] {
        guard let entries = root["model"]?["merges"]?.array else {
            throw .invalidField(path: "model.merges", expected: "an array")
        }
        var merges: [(left: String, right: String)] = []
        merges.reserveCapacity(entries.count)
        for (rank, entry) in entries.enumerated() {
            if let pair = entry.array {
                guard pair.count == 2, let left = pair[0].string, let right = pair[1].string else {
                    throw .malformedMerge(rank: rank)
                }
                merges.append((left, right))
            } else if let text = entry.string {
                merges.append(try Self.pair(text, rank: rank))
            } else {
                throw .malformedMerge(rank: rank)
            }
        }
        return merges
    }

    /// The two tokens of a merge that is written with a space between them.
    static func pair(_ merge: String, rank: Int) throws(TokenizerError) -> (left: String, right: String) {
        let parts = merge.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .malformedMerge(rank: rank) }
        return (String(Substring(parts[0])), String(Substring(parts[1])))
    }

    private func readAddedTokens() throws(TokenizerError) -> [AddedToken] {
        guard let entries = present(root["added_tokens"]) else { return [] }
        guard let entries = entries.array else { throw .invalidField(path: "added_tokens", expected: "an array") }
        var tokens: [AddedToken] = []
        for (position, entry) in entries.enumerated() {
            let path = "added_tokens[\(position)]"
            guard let id = entry["id"]?.int else { throw .invalidField(path: path + ".id", expected: "an integer") }
            guard let content = entry["content"]?.string else {
                throw .invalidField(path: path + ".content", expected: "a string")
            }
            for field in ["single_word", "lstrip", "rstrip"] {
                try expect(entry[field], false, path: path + "." + field)
            }
            guard let isSpecial = entry["special"]?.bool else {
                throw .invalidField(path: path + ".special", expected: "true or false")
            }
            guard let isNormalized = entry["normalized"]?.bool else {
                throw .invalidField(path: path + ".normalized", expected: "true or false")
            }
            tokens.append(AddedToken(id: id, content: content, isSpecial: isSpecial, isNormalized: isNormalized))
        }
        return tokens
    }

    // MARK: Fields

    private func present(_ value: JSONValue?) -> JSONValue? {
        guard let value, !value.isNull else { return nil }
        return value
    }

    private func type(of step: JSONValue, path: String) throws(TokenizerError) -> String {
        guard let type = step["type"]?.string else { throw .invalidField(path: path + ".type", expected: "a string") }
        return type
    }

    /// The steps of a `Sequence`, or the one step that stands in its place.
    private func sequence(_ value: JSONValue, of field: String, path: String) throws(TokenizerError) -> [JSONValue] {
        guard try type(of: value, path: path) == "Sequence" else { return [value] }
        guard let steps = value[field]?.array else {
            throw .invalidField(path: path + "." + field, expected: "an array")
        }
        return steps
    }

    private func expect(_ value: JSONValue?, _ expected: Bool, path: String) throws(TokenizerError) {
        guard let value = present(value) else { return }
        guard let value = value.bool else { throw .invalidField(path: path, expected: "true or false") }
        guard value == expected else { throw .unsupported(path: path, value: "\(value)") }
    }

    private func describe(_ value: JSONValue?) -> String {
        switch value {
        case nil: "missing"
        case .string(let text): "\"\(text)\""
        case .bool(let value): "\(value)"
        case .number(let number): "\(number)"
        case .some(let other): other.kind
        }
    }
}
