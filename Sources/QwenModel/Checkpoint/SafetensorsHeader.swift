internal import QwenJSON

/// The header of a safetensors file, read and checked.
struct SafetensorsHeader {
    /// In the order of their data.
    private(set) var tensors: [TensorDescriptor] = []
    private(set) var metadata: [String: String] = [:]
    /// Where each name stands in `tensors`.
    private(set) var positions: [String: Int] = [:]

    /// More than ten times what the largest checkpoints of the family have.
    static let maximumTensors = 1_000_000
    /// Far above what any weight has.
    private static let maximumRank = 16

    /// Reads the header's bytes and checks them against the size of the whole file.
    init(parsing text: [UInt8], fileByteCount: Int) throws(SafetensorsError) {
        guard text.first == UInt8(ascii: "{") else { throw .headerIsNoObject(firstByte: text.first) }
        let dataStart = 8 + text.count
        let outcome: Result<Self, SafetensorsError> = text.withUnsafeBytes { bytes in
            do throws(SafetensorsError) {
                return .success(try Self(bytes, dataStart: dataStart))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
        try checkLayout(dataStart: dataStart, dataByteCount: fileByteCount - dataStart)
    }

    private init(_ bytes: UnsafeRawBufferPointer, dataStart: Int) throws(SafetensorsError) {
        do {
            var reader = try JSONReader(bytes)
            _ = try reader.next()
            // Entries are gathered under their names first, to find a name that comes twice.
            var seenMetadata = false
            while try reader.next() == .key {
                let name = reader.text
                if name == "__metadata__" {
                    if seenMetadata { throw reader.error(.duplicateKey(name)) }
                    seenMetadata = true
                    try readMetadata(&reader)
                } else {
                    guard positions.updateValue(tensors.count, forKey: name) == nil else {
                        throw reader.error(.duplicateKey(name))
                    }
                    guard tensors.count < Self.maximumTensors else {
                        throw SafetensorsError.tooManyTensors(limit: Self.maximumTensors)
                    }
                    tensors.append(try Self.readEntry(name, &reader, dataStart: dataStart))
                }
            }
            // Only white space may follow.
            _ = try reader.next()
        } catch let error as JSONError {
            throw .malformed(error)
        } catch let error as SafetensorsError {
            throw error
        } catch {
            // Nothing else is thrown above.
            throw .headerIsNoObject(firstByte: bytes.first)
        }
    }

    private mutating func readMetadata(_ reader: inout JSONReader) throws {
        guard try reader.next() == .beginObject else { throw SafetensorsError.invalidMetadata(key: "__metadata__") }
        while try reader.next() == .key {
            let key = reader.text
            if metadata[key] != nil { throw reader.error(.duplicateKey(key)) }
            guard try reader.next() == .string else { throw SafetensorsError.invalidMetadata(key: key) }
            metadata[key] = reader.text
        }
    }

    private static func readEntry(
        _ name: String,
        _ reader: inout JSONReader,
        dataStart: Int
    ) throws -> TensorDescriptor {
        func invalid(_ field: String) -> SafetensorsError { .invalidField(tensor: name, field: field) }
        guard try reader.next() == .beginObject else { throw invalid("") }
        var dtype: SafetensorsElementType?
        var shape: [Int]?
        var offsets: [Int]?
        while try reader.next() == .key {
            let field = reader.text
            switch field {
            case "dtype" where dtype == nil:
                guard try reader.next() == .string else { throw invalid(field) }
                let word = reader.text
                guard let known = SafetensorsElementType(rawValue: word) else {
                    throw SafetensorsError.unknownElementType(tensor: name, dtype: word)
                }
                dtype = known
            case "shape" where shape == nil:
                guard let list = try readIntegers(&reader, limit: maximumRank) else { throw invalid(field) }
                shape = list
            case "data_offsets" where offsets == nil:
                guard let list = try readIntegers(&reader, limit: 2), list.count == 2 else { throw invalid(field) }
                offsets = list
            case "dtype", "shape", "data_offsets":
                throw reader.error(.duplicateKey(field))
            default:
                throw invalid(field)
            }
        }
        guard let dtype else { throw invalid("dtype") }
        guard let shape else { throw invalid("shape") }
        guard let offsets, offsets[0] <= offsets[1] else { throw invalid("data_offsets") }
        let (end, overflows) = offsets[1].addingReportingOverflow(dataStart)
        guard !overflows else { throw invalid("data_offsets") }
        let tensor = TensorDescriptor(
            name: name,
            dtype: dtype,
            shape: shape,
            fileRange: offsets[0] + dataStart..<end
        )
        try checkSize(of: tensor)
        return tensor
    }

    /// A list of integers that are not negative, or nil where something else stands there or there are more than a
    /// limit.
    private static func readIntegers(_ reader: inout JSONReader, limit: Int) throws -> [Int]? {
        guard try reader.next() == .beginArray else { return nil }
        var integers: [Int] = []
        while true {
            switch try reader.next() {
            case .endArray: return integers
            case .number:
                guard integers.count < limit, let integer = reader.integer, integer >= 0 else { return nil }
                integers.append(integer)
            default: return nil
            }
        }
    }

    private static func checkSize(of tensor: TensorDescriptor) throws(SafetensorsError) {
        var bits = tensor.dtype.bitCount
        for dimension in tensor.shape {
            let (product, overflows) = bits.multipliedReportingOverflow(by: dimension)
            if overflows { throw .impossibleSize(tensor: tensor.name, shape: tensor.shape) }
            bits = product
        }
        guard bits % 8 == 0 else { throw .impossibleSize(tensor: tensor.name, shape: tensor.shape) }
        guard bits / 8 == tensor.byteCount else {
            throw .sizeMismatch(tensor: tensor.name, expected: bits / 8, found: tensor.byteCount)
        }
    }

    /// Puts the tensors in the order of their data and checks that they cover it.
    private mutating func checkLayout(dataStart: Int, dataByteCount: Int) throws(SafetensorsError) {
        tensors.sort {
            ($0.fileRange.lowerBound, $0.fileRange.upperBound) < ($1.fileRange.lowerBound, $1.fileRange.upperBound)
        }
        var end = dataStart
        for (position, tensor) in tensors.enumerated() {
            guard tensor.fileRange.lowerBound == end else {
                throw .notContiguous(
                    tensor: tensor.name,
                    expectedOffset: end - dataStart,
                    foundOffset: tensor.fileRange.lowerBound - dataStart
                )
            }
            end = tensor.fileRange.upperBound
            positions[tensor.name] = position
        }
        guard end - dataStart == dataByteCount else {
            throw .wrongFileSize(expected: end - dataStart, found: dataByteCount)
        }
    }
}
