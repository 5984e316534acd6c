import QwenModel
import QwenTokenizer

/// The vocabulary and the chat template that a GGUF file carries in its metadata.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, `tokenizer.ggml.*`.
struct GGUFVocabulary {
    let model: GGUFModel

    private static let prefix = "tokenizer.ggml."

    /// The kinds of tokens, by the format's numbers.
    private enum Kind {
        static let control = 3
        static let userDefined = 4
        static let unused = 5
    }

    /// The tokenizer, or nil where the file has none.
    func tokenizer() throws -> Tokenizer? {
        guard let name = model[key: Self.prefix + "model"]?.string, name != "no_vocab", name != "none" else {
            return nil
        }
        guard name == "gpt2" else { throw refused("model", name) }
        let pre = model[key: Self.prefix + "pre"]?.string ?? "default"
        guard let preTokenizer = PreTokenizerKind(ggufName: pre) else { throw refused("pre", pre) }
        if model[key: Self.prefix + "add_space_prefix"]?.bool == true { throw refused("add_space_prefix", "true") }

        let tokens = try strings("tokens")
        let kinds = try kinds(count: tokens.count)
        var text: [(token: String, id: Int)] = []
        text.reserveCapacity(tokens.count)
        var added: [AddedToken] = []
        for (id, token) in tokens.enumerated() {
            switch kinds?[id] {
            case Kind.control: added.append(AddedToken(id: id, content: token, isSpecial: true))
            case Kind.userDefined: added.append(AddedToken(id: id, content: token, isSpecial: false))
            // They fill the vocabulary up to the size of the embedding table.
            case Kind.unused: continue
            default: text.append((token, id))
            }
        }
        return try Tokenizer(
            tokens: text,
            addedTokens: added,
            merges: strings("merges"),
            preTokenizer: preTokenizer
        )
    }

    /// The chat template's source, or nil where the file has none.
    func template() -> String? { model[key: "tokenizer.chat_template"]?.string }

    private func strings(_ suffix: String) throws -> [String] {
        let key = Self.prefix + suffix
        switch model[key: key] {
        case .strings(let list)?: return list
        case nil: throw CheckpointError.gguf(path: path, .missingKey(key))
        default: throw CheckpointError.gguf(path: path, .invalidValue(key: key, reason: "a list of texts is needed"))
        }
    }

    private func kinds(count: Int) throws -> [Int]? {
        let key = Self.prefix + "token_type"
        guard let value = model[key: key] else { return nil }
        guard case .numbers(let list) = value, let kinds = list.ints, kinds.count == count else {
            throw CheckpointError.gguf(
                path: path,
                .invalidValue(key: key, reason: "a list of \(count) integers is needed, one for each token")
            )
        }
        return kinds
    }

    private func refused(_ suffix: String, _ value: String) -> CheckpointError {
        .gguf(path: path, .unsupportedTokenizer(key: Self.prefix + suffix, value: value))
    }

    private var path: String { model.files[0].path }
}
