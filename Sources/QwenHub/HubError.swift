/// Why a model could not be found, downloaded or taken from a cache.
public enum HubError: Error, Sendable, Hashable {
    // MARK: Names

    /// A text is not the name of a model.
    case invalidName(String, reason: String)
    /// The repository has no GGUF file of this quantisation or name; or several, and none was asked for.
    case noSuchFile(model: String, wanted: String?, available: [String])
    /// The repository has no checkpoint: neither safetensors nor GGUF.
    case noCheckpoint(model: String)

    // MARK: What is on the disk

    /// Nothing of the model is on the disk, and nothing may be downloaded.
    case notCached(model: String, folder: String)
    /// The model is on the disk only in part: these files are missing.
    case incomplete(folder: String, missing: [String])
    /// A file of a cache is not what it should be.
    case damagedRecord(path: String, reason: String)
    /// A file's contents are not those that its name promises.
    case wrongDigest(path: String, expected: String, found: String)
    /// The operating system refused; `code` is the `errno` value.
    case fileSystem(operation: String, path: String, code: Int32)
    /// The disk lacks room. `needed` and `available` are bytes; `available` is what is left.
    case diskFull(path: String, needed: Int, available: Int)

    // MARK: The Hub's answers

    /// There is no such repository, or it is private and the token does not open it.
    case repositoryNotFound(repository: String, hasToken: Bool)
    /// The repository has no such branch, tag or commit.
    case revisionNotFound(repository: String, revision: String)
    /// The repository has no such file.
    case fileNotFound(repository: String, file: String)
    /// Its owners must be asked for access first, at `page`.
    case gated(repository: String, page: String)
    /// The token was refused.
    case unauthorized(repository: String)
    /// The server answered with a status that means nothing else here, after all attempts.
    case unexpectedStatus(Int, url: String)
    /// The server's answer cannot be understood.
    case malformedAnswer(url: String, reason: String)
    /// A redirect leads from https to http, or nowhere.
    case unsafeRedirect(from: String, to: String)
    /// The server did not send as many bytes as it announced, or as the repository lists, after all attempts.
    case wrongSize(file: String, expected: Int, found: Int)
    /// The file on the server is no longer the one that the repository listed.
    case changed(file: String, expected: String, found: String)

    // MARK: The connection

    /// No connection, or it broke or stalled, after all attempts.
    case connectionFailed(url: String, reason: String)
    /// `HF_HUB_OFFLINE` is set, and this would need the network.
    case offline(model: String)
    /// This build has no network code: on Linux the package's trait `Hub` brings it.
    case networkNotBuilt
}

extension HubError: CustomStringConvertible {
    /// The error in a sentence or two.
    public var description: String {
        switch self {
        case .invalidName(let name, let reason): "\"\(name)\" is no model's name: \(reason)."
        case .noSuchFile(let model, let wanted, let available):
            (wanted.map { "\(model) has no file \($0)" } ?? "\(model) has several files, and none was asked for")
                + "; there are: \(available.prefix(40).joined(separator: ", "))."
        case .noCheckpoint(let model): "\(model) has no weights as safetensors or GGUF."
        case .notCached(let model, let folder): "\(model) is not on the disk, in \(folder)."
        case .incomplete(let folder, let missing):
            "\(folder) is incomplete: \(missing.prefix(40).joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") missing."
        case .damagedRecord(let path, let reason): "\(path) is damaged: \(reason)."
        case .wrongDigest(let path, let expected, let found):
            "\(path) does not hold what it should: its digest is \(found), not \(expected)."
        case .fileSystem(let operation, let path, let code): "Cannot \(operation) \(path): \(systemMessage(code))."
        case .diskFull(let path, let needed, let available):
            "The disk of \(path) is too full: \(needed) bytes are needed, \(available) are free."
        case .repositoryNotFound(let repository, let hasToken):
            "There is no repository \(repository), or it is private"
                + (hasToken ? " and the token does not open it." : ". A token (HF_TOKEN) opens private ones.")
        case .revisionNotFound(let repository, let revision): "\(repository) has no branch, tag or commit \(revision)."
        case .fileNotFound(let repository, let file): "\(repository) has no file \(file)."
        case .gated(let repository, let page):
            "\(repository) is gated: ask for access at \(page) and set HF_TOKEN."
        case .unauthorized(let repository): "The token is not valid for \(repository)."
        case .unexpectedStatus(let status, let url): "The server answered \(status) to \(url)."
        case .malformedAnswer(let url, let reason): "The answer to \(url) cannot be understood: \(reason)."
        case .unsafeRedirect(let from, let to): "\(from) leads to \(to), which is not safe to follow."
        case .wrongSize(let file, let expected, let found):
            "\(file) has \(expected) bytes, but the server sent \(found)."
        case .changed(let file, let expected, let found):
            "\(file) changed on the server meanwhile: it was \(expected) and is \(found)."
        case .connectionFailed(let url, let reason): "No answer from \(url): \(reason)."
        case .offline(let model): "\(model) is not on the disk, and HF_HUB_OFFLINE forbids downloading it."
        case .networkNotBuilt:
            "This program was built without network code: enable the trait \"Hub\" of the package swift-qwen."
        }
    }
}
