public import QwenTensor

/// Why a checkpoint could not be opened or read.
public enum CheckpointError: Error, Sendable, Equatable {
    /// A file or folder could not be opened; `code` is the `errno` value.
    case cannotOpen(path: String, code: Int32)
    /// A folder, a pipe or a device stands where a file is needed.
    case notAFile(path: String)
    /// Something else stands where a folder is needed.
    case notAFolder(path: String)
    /// A symbolic link leads out of the checkpoint's folder.
    ///
    /// A checkpoint from elsewhere could otherwise make the program read any file. Allowed are links within the folder
    /// and those of Hugging Face's cache, from `snapshots/REVISION/` into the `blobs` folder beside `snapshots`.
    case linkLeavesFolder(path: String, target: String)
    /// A file name inside the checkpoint is no plain name: empty, with a separator, `..`, …
    case unsafeFileName(String)
    /// Reading failed; `code` is the `errno` value.
    case readFailed(path: String, code: Int32)
    /// The file became shorter after it was opened: there is nothing at `offset` any more.
    case fileShrank(path: String, offset: Int)
    /// A file is larger than any of its kind may be.
    case fileTooLarge(path: String, byteCount: Int, limit: Int)
    /// The folder has neither `model.safetensors` nor `model.safetensors.index.json`, and no GGUF file.
    case noWeights(folder: String)
    /// `config.json` or `generation_config.json` was refused.
    case configuration(path: String, ConfigurationError)
    /// A safetensors file was refused.
    case safetensors(path: String, SafetensorsError)
    /// A GGUF file was refused.
    case gguf(path: String, GGUFError)
    /// `model.safetensors.index.json` was refused.
    case index(path: String, ShardIndexError)
    /// The weights are not those that the configuration calls for.
    case weightsDoNotFit(WeightMismatch)
    /// The checkpoint has no tensor of this name.
    case tensorNotFound(name: String)
    /// A tensor's dimensions are not the expected ones.
    case unexpectedShape(name: String, expected: [Int], found: [Int])
    /// A tensor's numbers are stored in a way that cannot be computed with; `dtype` is the file's word for it.
    case unsupportedElementType(name: String, dtype: String)
    /// A tensor holds an infinity or NaN; `index` counts its elements, row-major, from 0.
    case notFinite(name: String, index: Int)
    /// The tensors of a quantised matrix do not fit one another.
    case matrix(name: String, TensorError)
    /// Memory for the weights could not be had.
    case tensor(TensorError)
    /// The reader was told to stop.
    case cancelled
}

/// How a checkpoint's weights differ from those that the configuration calls for.
public struct WeightMismatch: Sendable, Equatable {
    /// A tensor with the wrong dimensions.
    public struct Shape: Sendable, Equatable {
        /// The tensor's name.
        public let name: String
        /// The dimensions that the configuration calls for.
        public let expected: [Int]
        /// The dimensions in the checkpoint.
        public let found: [Int]
    }

    /// Names that the configuration calls for and the checkpoint lacks; the first ``limit`` of them.
    public internal(set) var missing: [String] = []
    /// Names that the checkpoint has and the configuration does not call for; the first ``limit`` of them.
    public internal(set) var unexpected: [String] = []
    /// Tensors with the wrong dimensions; the first ``limit`` of them.
    public internal(set) var misshapen: [Shape] = []

    /// The most entries that each list holds.
    public static let limit = 32

    /// Whether there is no difference.
    public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }
}

extension WeightMismatch: CustomStringConvertible {
    /// All differences, for people.
    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("missing: " + missing.joined(separator: ", ")) }
        if !unexpected.isEmpty { parts.append("unexpected: " + unexpected.joined(separator: ", ")) }
        if !misshapen.isEmpty {
            let list = misshapen.map { "\($0.name) is \($0.found) and should be \($0.expected)" }
            parts.append("wrong shape: " + list.joined(separator: ", "))
        }
        return parts.joined(separator: "; ")
    }
}

extension CheckpointError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let code): "\(path) cannot be opened (error \(code))"
        case .notAFile(let path): "\(path) is not a regular file"
        case .notAFolder(let path): "\(path) is not a folder"
        case .linkLeavesFolder(let path, let target): "\(path) is a link out of the checkpoint's folder, to \(target)"
        case .unsafeFileName(let name): "\"\(name)\" is not a plain file name"
        case .readFailed(let path, let code): "\(path) cannot be read (error \(code))"
        case .fileShrank(let path, let offset): "\(path) became shorter while it was read: nothing at byte \(offset)"
        case .fileTooLarge(let path, let byteCount, let limit): "\(path) has \(byteCount) bytes, more than \(limit)"
        case .noWeights(let folder):
            "\(folder) has neither model.safetensors nor model.safetensors.index.json nor a GGUF file"
        case .configuration(let path, let error): "\(path): \(error)"
        case .safetensors(let path, let error): "\(path): \(error)"
        case .gguf(let path, let error): "\(path): \(error)"
        case .index(let path, let error): "\(path): \(error)"
        case .weightsDoNotFit(let mismatch): "the weights do not fit the configuration: \(mismatch)"
        case .tensorNotFound(let name): "there is no tensor \(name)"
        case .unexpectedShape(let name, let expected, let found): "\(name) is \(found) and should be \(expected)"
        case .unsupportedElementType(let name, let dtype):
            "\(name) is stored as \(dtype), which cannot be computed with"
        case .notFinite(let name, let index): "element \(index) of \(name) is infinite or not a number"
        case .matrix(let name, let error): "\(name): \(error)"
        case .tensor(let error): "\(error)"
        case .cancelled: "reading was cancelled"
        }
    }
}
