/// What can go wrong when a request meets the engine.
public enum EngineError: Error, Hashable, Sendable {
    /// The prompt has no token; there is nothing to continue.
    case emptyPrompt

    /// A token id is not in the model's vocabulary.
    case tokenOutOfRange(id: Int, index: Int, vocabularySize: Int)

    /// The prompt leaves no room for a token in the context.
    case contextFull(promptTokens: Int, contextTokens: Int)

    /// The number of tokens to generate is below 1.
    case invalidMaxTokens(Int)

    /// The asked-for capacity of a context is below 1 or above what the model was made for.
    case invalidCapacity(Int, maximum: Int)

    /// Another request is using the context.
    case contextBusy

    /// The context was made by another engine.
    case foreignContext

    /// A position whose logits were asked for is not one of the tokens.
    case positionOutOfRange(Int, tokens: Int)

    /// The model produced logits that are not finite (NaN or infinity) after the token at `position`.
    case nonFiniteLogits(position: Int)

    /// An engine option is out of its range.
    case invalidOption(name: String, value: Int)

    /// The kernels compute with head dimensions that are multiples of 8 up to 256.
    case unsupportedHeadDimension(Int)

    /// The draft model's token ids are not the model's: their vocabularies have other sizes.
    case draftVocabularyDiffers(draft: Int, model: Int)

    /// Guesses of a draft model were asked for, and the engine has none.
    case noDraftModel

    /// A limit for experts that are read on demand is below what one token needs at a time in one layer.
    case expertLimitTooSmall(byteLimit: Int, minimum: Int)

    /// Experts were to be read on demand, and a weight of theirs cannot be read some rows at a time: it is stored in several
    /// tensors (integers or 8-bit floats with scales apart), otherwise than those of the same layer's other experts, or the source
    /// of the weights is no ``CheckpointReader``.
    case expertNotReadable(name: String)

    /// The system gave no thread.
    case threadUnavailable(code: Int32)
}

extension EngineError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .emptyPrompt:
            "The prompt has no token."
        case .tokenOutOfRange(let id, let index, let size):
            "Token id \(id) at index \(index) is not in the vocabulary of \(size)."
        case .contextFull(let prompt, let context):
            "The prompt has \(prompt) tokens and the context holds \(context), which leaves no room for an answer."
        case .invalidMaxTokens(let count):
            "maxTokens is \(count); it must be at least 1."
        case .invalidCapacity(let capacity, let maximum):
            "A context of \(capacity) tokens was asked for; the model allows 1 to \(maximum)."
        case .contextBusy:
            "Another request is using this context."
        case .foreignContext:
            "The context belongs to another engine."
        case .positionOutOfRange(let position, let tokens):
            "Logits at position \(position) were asked for, but there are \(tokens) tokens."
        case .nonFiniteLogits(let position):
            "The model's logits after position \(position) are not finite."
        case .invalidOption(let name, let value):
            "The engine option \(name) cannot be \(value)."
        case .unsupportedHeadDimension(let dimension):
            "A head dimension of \(dimension) is not supported; multiples of 8 up to 256 are."
        case .draftVocabularyDiffers(let draft, let model):
            "The draft model has \(draft) tokens in its vocabulary, and the model \(model); they must be the same."
        case .noDraftModel:
            "Guesses of a draft model were asked for, but the engine has none."
        case .expertLimitTooSmall(let limit, let minimum):
            "Experts cannot be read on demand within \(limit) bytes; one token needs \(minimum) at a time."
        case .expertNotReadable(let name):
            "Experts cannot be read on demand because of how \(name) is stored."
        case .threadUnavailable(let code):
            "The system could not start a thread (error \(code))."
        }
    }
}
