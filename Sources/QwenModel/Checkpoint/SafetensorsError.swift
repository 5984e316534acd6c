public import QwenJSON

/// Why a safetensors file was refused.
public enum SafetensorsError: Error, Sendable, Equatable {
    /// The file ends before the eight bytes of the header's length.
    case noHeader(fileByteCount: Int)
    /// The header would be longer than the rest of the file, or than the format allows.
    case headerTooLong(UInt64, limit: Int)
    /// The header does not begin with an opening brace but with this byte; nil where it is empty.
    case headerIsNoObject(firstByte: UInt8?)
    /// The header is not valid JSON, or holds a name twice.
    case malformed(JSONError)
    /// A value in `__metadata__` is no string, or `__metadata__` no object.
    case invalidMetadata(key: String)
    /// The header holds more tensors than any checkpoint has.
    case tooManyTensors(limit: Int)
    /// A tensor's entry is no object, or one of its fields is absent, unknown or malformed.
    case invalidField(tensor: String, field: String)
    /// A tensor's type is none that the format knows.
    case unknownElementType(tensor: String, dtype: String)
    /// The size of a tensor overflows, or does not fill whole bytes.
    case impossibleSize(tensor: String, shape: [Int])
    /// A tensor's shape and type ask for `expected` bytes, its offsets span `found`.
    case sizeMismatch(tensor: String, expected: Int, found: Int)
    /// A tensor does not begin where the one before it ends: there is a hole or an overlap.
    case notContiguous(tensor: String, expectedOffset: Int, foundOffset: Int)
    /// The tensors end at `expected` bytes after the header, the file at `found`.
    case wrongFileSize(expected: Int, found: Int)
}

extension SafetensorsError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .noHeader(let count): "a safetensors file cannot have only \(count) bytes"
        case .headerTooLong(let count, let limit): "the header claims \(count) bytes, more than \(limit)"
        case .headerIsNoObject: "the header does not begin with {"
        case .malformed(let error): "the header is malformed: \(error)"
        case .invalidMetadata(let key): "the metadata \"\(key)\" is not a string"
        case .tooManyTensors(let limit): "more than \(limit) tensors"
        case .invalidField(let tensor, let field): "the field \"\(field)\" of \(tensor) is absent, unknown or malformed"
        case .unknownElementType(let tensor, let dtype): "\(tensor) has the unknown type \"\(dtype)\""
        case .impossibleSize(let tensor, let shape): "\(tensor) cannot have the shape \(shape)"
        case .sizeMismatch(let tensor, let expected, let found): "\(tensor) needs \(expected) bytes and has \(found)"
        case .notContiguous(let tensor, let expected, let found):
            "\(tensor) begins at byte \(found) of the data, not at \(expected) where the one before it ends"
        case .wrongFileSize(let expected, let found): "the data should have \(expected) bytes and has \(found)"
        }
    }
}
