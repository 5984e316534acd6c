/// Why a checkpoint cannot be talked to, though its weights may be fine.
///
/// What is wrong with the weights or their configuration comes as `CheckpointError`, with the vocabulary as `TokenizerError`,
/// with the template as ``ChatTemplateError``.
public enum ModelLoadingError: Error, Sendable, Hashable {
    /// The checkpoint has no `tokenizer.json`, and the size of its vocabulary is not that of Qwen's own.
    case missingTokenizer(path: String)
    /// The tokenizer has token ids that the model lacks.
    ///
    /// - Parameters:
    ///   - tokenizer: the size of the tokenizer's vocabulary.
    ///   - model: the size of the model's.
    case tokenizerDoesNotFit(tokenizer: Int, model: Int)
    /// A draft model's tokens are not the model's.
    ///
    /// - Parameters:
    ///   - path: the draft's checkpoint.
    ///   - token: the first id that stands for something else, or for nothing.
    case draftVocabularyDiffers(path: String, token: Int)
    /// A file beside the weights cannot be read.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - reason: what is wrong with it, in a few words.
    case unreadableFile(path: String, reason: String)
}

extension ModelLoadingError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .missingTokenizer(let path):
            "\(path) is missing, and the model's vocabulary is not Qwen's own."
        case .tokenizerDoesNotFit(let tokenizer, let model):
            "The tokenizer has \(tokenizer) tokens, but the model knows only \(model)."
        case .draftVocabularyDiffers(let path, let token):
            "\(path) cannot guess for the model: token \(token) is not the same in both vocabularies."
        case .unreadableFile(let path, let reason):
            "\(path) cannot be read: \(reason)."
        }
    }
}
