/// A model by the name that people give it, wherever it is kept.
///
/// | written | means |
/// |---|---|
/// | `Qwen/Qwen3-0.6B` | a repository of the Hub |
/// | `Qwen/Qwen3-0.6B@e6de91c` | its state at a branch, tag or commit |
/// | `Qwen/Qwen3-0.6B-GGUF:Q8_0` | one GGUF file of it, by its quantisation or its name |
/// | `ollama:qwen3:0.6b` | a model that Ollama has downloaded |
/// | `lmstudio:Qwen/Qwen3-0.6B-GGUF:Q8_0` | a model that LM Studio has downloaded |
public enum ModelReference: Sendable, Hashable {
    /// A repository of the Hub.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - revision: a branch, a tag or a commit.
    ///   - file: the quantisation (`Q8_0`) or the name of the GGUF file that is meant; nil for the checkpoint.
    case hub(HubRepository, revision: String, file: String?)
    /// A model in Ollama's folder.
    case ollama(OllamaName)
    /// A model in LM Studio's folder.
    ///
    /// - Parameters:
    ///   - repository: the publisher and the name.
    ///   - file: the quantisation or the name of the GGUF file; nil where there is only one.
    case lmStudio(HubRepository, file: String?)

    /// The branch that is meant where none is given.
    public static let defaultRevision = "main"

    /// Reads a name.
    ///
    /// - Parameter text: the name, as in the table above.
    /// - Throws: ``HubError/invalidName(_:reason:)``.
    public init(_ text: String) throws(HubError) {
        if text.hasPrefix("ollama:") {
            self = .ollama(try OllamaName(String(text.dropFirst("ollama:".count))))
        } else if text.hasPrefix("lmstudio:") {
            let (name, file) = try Self.splitFile(String(text.dropFirst("lmstudio:".count)), of: text)
            self = .lmStudio(try HubRepository(name), file: file)
        } else {
            let (beforeFile, file) = try Self.splitFile(
                text.hasPrefix("hf:") ? String(text.dropFirst(3)) : text,
                of: text
            )
            guard let at = beforeFile.firstIndex(of: "@") else {
                self = .hub(try HubRepository(beforeFile), revision: Self.defaultRevision, file: file)
                return
            }
            let revision = String(beforeFile[beforeFile.index(after: at)...])
            guard Self.isRevision(revision) else {
                throw .invalidName(text, reason: "what follows @ is no branch, tag or commit")
            }
            self = .hub(try HubRepository(String(beforeFile[..<at])), revision: revision, file: file)
        }
    }

    private static func splitFile(_ text: String, of whole: String) throws(HubError) -> (String, String?) {
        guard let colon = text.lastIndex(of: ":") else { return (text, nil) }
        let file = String(text[text.index(after: colon)...])
        guard isRelativePath(file) else {
            throw .invalidName(whole, reason: "what follows : is no quantisation or file")
        }
        return (String(text[..<colon]), file)
    }

    /// Whether a text can be a Git reference and a path below `refs` at the same time.
    static func isRevision(_ text: String) -> Bool {
        isRelativePath(text) && !text.utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "^") }
    }

    /// Whether a text from outside is a path that stays below the folder it is appended to.
    static func isRelativePath(_ text: String) -> Bool {
        guard (1...1024).contains(text.utf8.count) else { return false }
        guard
            !text.utf8.contains(where: {
                $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: ":")
            })
        else { return false }
        return text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.count <= 255 && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
    }
}

extension ModelReference: CustomStringConvertible {
    /// The name as it is written.
    public var description: String {
        switch self {
        case .hub(let repository, let revision, let file):
            repository.id + (revision == Self.defaultRevision ? "" : "@\(revision)") + (file.map { ":\($0)" } ?? "")
        case .ollama(let name): "ollama:\(name)"
        case .lmStudio(let repository, let file): "lmstudio:\(repository.id)" + (file.map { ":\($0)" } ?? "")
        }
    }
}
