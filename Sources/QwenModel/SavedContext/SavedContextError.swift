public import QwenTensor

/// Why a context cannot be saved or restored.
public enum SavedContextError: Error, Hashable, Sendable {
    /// The system did not open the file.
    case cannotOpen(path: String, code: Int32)

    /// The system did not read or write it.
    case transferFailed(path: String, code: Int32)

    /// It is no regular file.
    case notAFile(path: String)

    /// It does not begin as a saved context does.
    case notASavedContext(path: String)

    /// It was written in a form that this version does not know.
    case unsupportedVersion(Int, supported: Int)

    /// Its size is not the one that its heading calls for: it is cut off, or something follows it.
    case wrongSize(expected: Int, found: Int)

    /// Its bytes are not those that were written.
    case corrupt(path: String)

    /// It was written for a model with other weights or another shape.
    case otherModel

    /// Its keys and values are of another type than the engine keeps.
    case otherKeyValueType(KeyValueType, expected: KeyValueType)

    /// It has more tokens than the context may hold.
    case tooManyTokens(Int, capacity: Int)

    /// One of its tokens is not in the model's vocabulary.
    case tokenOutOfRange(id: Int, index: Int, vocabularySize: Int)

    /// The engine has adapters attached, which keys and values depend on and which a file does not name.
    case adaptersAttached
}

extension SavedContextError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let code):
            "\(path) cannot be opened (error \(code))."
        case .transferFailed(let path, let code):
            "\(path) cannot be read or written (error \(code))."
        case .notAFile(let path):
            "\(path) is no regular file."
        case .notASavedContext(let path):
            "\(path) is no saved context."
        case .unsupportedVersion(let version, let supported):
            "The saved context has the version \(version), but only versions up to \(supported) are known."
        case .wrongSize(let expected, let found):
            "The saved context has \(found) bytes where its heading calls for \(expected)."
        case .corrupt(let path):
            "\(path) is damaged: its bytes are not those that were written."
        case .otherModel:
            "The saved context belongs to a model with other weights."
        case .otherKeyValueType(let type, let expected):
            "The saved context has keys and values of type \(type), but the engine keeps \(expected)."
        case .tooManyTokens(let tokens, let capacity):
            "The saved context has \(tokens) tokens, but at most \(capacity) fit."
        case .tokenOutOfRange(let id, let index, let size):
            "Token id \(id) at index \(index) of the saved context is not in the vocabulary of \(size)."
        case .adaptersAttached:
            "A context cannot be saved or restored while adapters are attached."
        }
    }
}
