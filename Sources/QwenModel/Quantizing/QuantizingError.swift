/// Why a quantised file could not be written.
public enum QuantizingError: Error, Sendable, Equatable {
    /// The source could not be read.
    case source(CheckpointError)
    /// The file could not be written; `code` is the `errno` value.
    case cannotWrite(path: String, code: Int32)
    /// The source is quantised already; quantising again would add one error to another.
    case alreadyQuantized(tensor: String, type: String)
    /// GGUF has no words for a setting of `config.json`, so that a reader would compute something else.
    case notExpressible(key: String)
    /// The task was cancelled; no file is left.
    case cancelled
}

extension QuantizingError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .source(let error): "\(error)"
        case .cannotWrite(let path, let code): "\(path) cannot be written (error \(code))"
        case .alreadyQuantized(let tensor, let type): "\(tensor) is stored as \(type): only floats are quantised"
        case .notExpressible(let key): "GGUF files of this architecture cannot say what \"\(key)\" says"
        case .cancelled: "quantising was cancelled"
        }
    }
}
