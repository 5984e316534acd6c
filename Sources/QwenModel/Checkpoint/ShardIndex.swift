public import QwenJSON

/// Why a `model.safetensors.index.json` was refused.
public enum ShardIndexError: Error, Sendable, Equatable {
    /// The file is not valid JSON, or holds a key twice.
    case malformed(JSONError)
    /// There is no `weight_map`, or it is no object from names to file names.
    case invalidWeightMap(key: String)
    /// The weights are spread over more files than any checkpoint has.
    case tooManyFiles(limit: Int)
    /// The index says that a tensor is in a file, and it is not.
    case tensorNotInFile(tensor: String, file: String)
    /// A file holds a tensor that the index does not place there.
    case tensorNotInIndex(tensor: String, file: String)
}

extension ShardIndexError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .malformed(let error): "the index is malformed: \(error)"
        case .invalidWeightMap(let key): "the index's weight_map does not map \"\(key)\" to a file name"
        case .tooManyFiles(let limit): "more than \(limit) files"
        case .tensorNotInFile(let tensor, let file): "\(file) does not hold \(tensor), contrary to the index"
        case .tensorNotInIndex(let tensor, let file): "\(file) holds \(tensor), which the index does not place there"
        }
    }
}

/// The contents of a `model.safetensors.index.json`: which file holds which tensor.
package struct ShardIndex {
    /// The file names, in the order in which they come first.
    package private(set) var files: [String] = []
    /// For every tensor, which of the files holds it.
    private(set) var fileOfTensor: [String: Int] = [:]

    package static let maximumByteCount = 64 << 20
    static let maximumFiles = 1024

    /// Reads an index.
    package init(parsing text: [UInt8]) throws(ShardIndexError) {
        let outcome: Result<Self, ShardIndexError> = text.withUnsafeBytes { bytes in
            do throws(ShardIndexError) { return .success(try Self(bytes)) } catch { return .failure(error) }
        }
        self = try outcome.get()
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws(ShardIndexError) {
        do {
            var reader = try JSONReader(bytes)
            guard try reader.next() == .beginObject else { throw ShardIndexError.invalidWeightMap(key: "") }
            var seen: Set<String> = []
            while try reader.next() == .key {
                let key = reader.text
                if !seen.insert(key).inserted { throw reader.error(.duplicateKey(key)) }
                if key == "weight_map" { try readWeightMap(&reader) } else { try reader.skip() }
            }
            _ = try reader.next()
            guard seen.contains("weight_map") else { throw ShardIndexError.invalidWeightMap(key: "") }
        } catch let error as JSONError {
            throw .malformed(error)
        } catch let error as ShardIndexError {
            throw error
        } catch {
            // Nothing else is thrown above.
            throw .invalidWeightMap(key: "")
        }
    }

    private mutating func readWeightMap(_ reader: inout JSONReader) throws {
        guard try reader.next() == .beginObject else { throw ShardIndexError.invalidWeightMap(key: "") }
        var numbers: [String: Int] = [:]
        while try reader.next() == .key {
            let tensor = reader.text
            if fileOfTensor[tensor] != nil { throw reader.error(.duplicateKey(tensor)) }
            guard try reader.next() == .string else { throw ShardIndexError.invalidWeightMap(key: tensor) }
            let file = reader.text
            let number = numbers[file] ?? files.count
            if number == files.count {
                guard files.count < Self.maximumFiles else {
                    throw ShardIndexError.tooManyFiles(limit: Self.maximumFiles)
                }
                numbers[file] = number
                files.append(file)
            }
            fileOfTensor[tensor] = number
        }
    }
}
