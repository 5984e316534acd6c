/// Why a GGUF file was refused.
public enum GGUFError: Error, Sendable, Equatable {
    /// The file does not begin with `GGUF` but with these bytes.
    case notGGUF(firstBytes: [UInt8])
    /// The numbers are stored with the highest byte first.
    case bigEndian
    /// A version other than 2 and 3.
    case unsupportedVersion(UInt32)
    /// The file ends inside of what it says to hold, at `offset`.
    case truncated(what: String, offset: Int)
    /// More tensors or metadata entries than the rest of the file could hold, or than any checkpoint has.
    case impossibleCount(what: String, count: UInt64, limit: Int)
    /// A text is longer than the rest of the file, or than any is.
    case textTooLong(what: String, byteCount: UInt64, limit: Int)
    /// A key or a tensor's name is no UTF-8, or a key is empty.
    case invalidName(what: String, position: Int)
    /// A metadata value has a type that the format does not know, or is a list of lists.
    case unsupportedValueType(key: String, type: UInt32)
    /// A key stands twice.
    case duplicateKey(String)
    /// `general.alignment` is not a `uint32`, or no power of two that a file can have.
    case invalidAlignment(GGUFValue)
    /// A tensor has more than four dimensions.
    case tooManyDimensions(tensor: String, count: UInt32)
    /// A tensor's size overflows.
    case impossibleSize(tensor: String, dimensions: [UInt64])
    /// A tensor's type is none that the format knows.
    case unknownTensorType(tensor: String, type: UInt32)
    /// A tensor's rows do not fill whole blocks of its type.
    case incompleteBlock(tensor: String, type: GGUFTensorType, columns: Int)
    /// A tensor's name stands twice, perhaps in two parts of a split file.
    case duplicateTensor(String)
    /// A tensor does not begin where the one before it ends and the alignment allows.
    case wrongOffset(tensor: String, expected: UInt64, found: UInt64)
    /// A tensor's bytes reach past the end of the file.
    case outOfFile(tensor: String, end: Int, fileByteCount: Int)
    /// A metadata entry that is needed is absent.
    case missingKey(String)
    /// A metadata entry has the wrong type or a value that cannot be.
    case invalidValue(key: String, reason: String)
    /// The model's architecture is one that this library does not run.
    case unsupportedArchitecture(String)
    /// The vocabulary is of a kind that this library does not read.
    case unsupportedTokenizer(key: String, value: String)
    /// The file is a part of a split model, and not the first: part `number` of `count`, counted from 0.
    case notTheFirstPart(number: Int, count: Int)
    /// A part of a split model does not say that it is the part that its name says.
    case wrongPart(file: String, reason: String)
    /// The folder holds several models; one must be named.
    case severalModels([String])
}

extension GGUFError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .notGGUF: "this is no GGUF file"
        case .bigEndian: "big-endian GGUF files are not supported"
        case .unsupportedVersion(let version): "version \(version) of the format is not supported, 2 and 3 are"
        case .truncated(let what, let offset): "the file ends inside \(what), at byte \(offset)"
        case .impossibleCount(let what, let count, let limit): "\(count) \(what) are more than the \(limit) that can be"
        case .textTooLong(let what, let count, let limit):
            "\(what) would have \(count) bytes, more than the \(limit) that can be"
        case .invalidName(let what, let position): "the name of \(what) \(position) is empty or no UTF-8"
        case .unsupportedValueType(let key, let type): "\"\(key)\" has the unknown or nested type \(type)"
        case .duplicateKey(let key): "\"\(key)\" stands twice"
        case .invalidAlignment(let value): "general.alignment is \(value), not a uint32 that is a power of two"
        case .tooManyDimensions(let tensor, let count): "\(tensor) has \(count) dimensions"
        case .impossibleSize(let tensor, let dimensions): "\(tensor) cannot have the dimensions \(dimensions)"
        case .unknownTensorType(let tensor, let type): "\(tensor) has the unknown type \(type)"
        case .incompleteBlock(let tensor, let type, let columns):
            "rows of \(columns) elements in \(tensor) do not fill whole blocks of \(type)"
        case .duplicateTensor(let tensor): "\(tensor) stands twice"
        case .wrongOffset(let tensor, let expected, let found):
            "\(tensor) begins at byte \(found) of the data, and \(expected) is expected"
        case .outOfFile(let tensor, let end, let count):
            "\(tensor) ends at byte \(end), and the file has \(count)"
        case .missingKey(let key): "the metadata lacks \"\(key)\""
        case .invalidValue(let key, let reason): "\"\(key)\" in the metadata: \(reason)"
        case .unsupportedArchitecture(let name):
            "the architecture \"\(name)\" is not supported; qwen2, qwen3, qwen3moe and llama are"
        case .unsupportedTokenizer(let key, let value): "\"\(key)\" is \"\(value)\", which is not supported"
        case .notTheFirstPart(let number, let count):
            "this is part \(number + 1) of \(count) of a split model; open the first"
        case .wrongPart(let file, let reason): "\(file): \(reason)"
        case .severalModels(let names): "there are several models; name one of \(names.joined(separator: ", "))"
        }
    }
}
