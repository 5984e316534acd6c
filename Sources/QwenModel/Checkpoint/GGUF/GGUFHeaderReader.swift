/// Reads and checks the part of a GGUF file before its data.
struct GGUFHeaderReader {
    private let file: OpenFile
    private var cursor: GGUFCursor
    private(set) var version: UInt32 = 0
    private(set) var alignment = 32
    private(set) var metadata: [GGUFFile.Entry] = []
    private(set) var tensors: [GGUFFile.Tensor] = []
    private(set) var keys: [String: Int] = [:]
    private(set) var positions: [String: Int] = [:]

    init(_ file: OpenFile) {
        self.file = file
        cursor = GGUFCursor(file)
    }

    private func refused(_ error: GGUFError) -> CheckpointError { .gguf(path: file.path, error) }

    mutating func read() throws(CheckpointError) {
        // Below, sums of two offsets cannot overflow.
        guard file.byteCount < Int.max / 4 else {
            throw .fileTooLarge(path: file.path, byteCount: file.byteCount, limit: Int.max / 4)
        }
        let magic = try cursor.bytes(min(4, file.byteCount), of: "the magic number")
        guard magic.elementsEqual("GGUF".utf8) else { throw refused(.notGGUF(firstBytes: Array(magic))) }
        version = try cursor.uint32("the version")
        // A small number in its upper half is a small number written from the other end.
        if version & 0xFFFF == 0, version != 0 { throw refused(.bigEndian) }
        guard version == 2 || version == 3 else { throw refused(.unsupportedVersion(version)) }
        // The smallest tensor: an empty name, no dimensions, type, offset. The smallest entry: a key of one byte, type, a byte.
        let tensorCount = try cursor.count("tensors", size: 24, limit: GGUFFile.maximumTensors)
        let entryCount = try cursor.count("metadata entries", size: 14, limit: GGUFFile.maximumEntries)
        for position in 0..<entryCount { try readEntry(position) }
        var declared: [(name: String, type: GGUFTensorType, shape: [Int], byteCount: Int, offset: UInt64)] = []
        for position in 0..<tensorCount { declared.append(try readTensor(position)) }
        try place(declared)
    }

    // MARK: Metadata

    private mutating func readEntry(_ position: Int) throws(CheckpointError) {
        let text = try cursor.text("key \(position)")
        guard !text.isEmpty, let key = String(validating: text, as: UTF8.self) else {
            throw refused(.invalidName(what: "key", position: position))
        }
        guard keys.updateValue(metadata.count, forKey: key) == nil else { throw refused(.duplicateKey(key)) }
        let type = try valueType(key)
        let value =
            switch type {
            case .string: GGUFValue.string(String(decoding: try cursor.text("the value of \"\(key)\""), as: UTF8.self))
            case .array: try readList(key)
            default: GGUFValue(type, try cursor.bytes(type.byteCount ?? 0, of: "the value of \"\(key)\""))
            }
        metadata.append(GGUFFile.Entry(key: key, value: value))
        guard key == "general.alignment" else { return }
        guard
            type == .uint32, let alignment = value.int, alignment > 0, alignment & (alignment - 1) == 0,
            alignment <= Self.maximumAlignment
        else { throw refused(.invalidAlignment(value)) }
        self.alignment = alignment
    }

    /// 1 MiB: a page of any machine many times over.
    private static let maximumAlignment = 1 << 20

    private mutating func valueType(_ key: String) throws(CheckpointError) -> GGUFValueType {
        let number = try cursor.uint32("the type of \"\(key)\"")
        guard let type = GGUFValueType(rawValue: number) else {
            throw refused(.unsupportedValueType(key: key, type: number))
        }
        return type
    }

    private mutating func readList(_ key: String) throws(CheckpointError) -> GGUFValue {
        let type = try valueType(key)
        guard type != .array else { throw refused(.unsupportedValueType(key: key, type: type.rawValue)) }
        let what = "elements of \"\(key)\""
        guard let size = type.byteCount else {
            let count = try cursor.count(what, size: 8, limit: GGUFFile.maximumElements)
            var texts: [String] = []
            texts.reserveCapacity(count)
            for _ in 0..<count { texts.append(String(decoding: try cursor.text(what), as: UTF8.self)) }
            return .strings(texts)
        }
        let count = try cursor.count(what, size: size, limit: GGUFFile.maximumElements)
        return .numbers(GGUFNumbers(type: type, count: count, bytes: Array(try cursor.bytes(count * size, of: what))))
    }

    // MARK: Tensors

    private mutating func readTensor(
        _ position: Int
    ) throws(CheckpointError) -> (name: String, type: GGUFTensorType, shape: [Int], byteCount: Int, offset: UInt64) {
        let text = try cursor.text("the name of tensor \(position)")
        guard let name = String(validating: text, as: UTF8.self) else {
            throw refused(.invalidName(what: "tensor", position: position))
        }
        // The reference implementation has room for 63 bytes.
        guard text.count < 64 else {
            throw refused(
                .textTooLong(what: "the name of tensor \(position)", byteCount: UInt64(text.count), limit: 63)
            )
        }
        guard positions.updateValue(position, forKey: name) == nil else { throw refused(.duplicateTensor(name)) }
        let rank = try cursor.uint32(name)
        guard rank <= GGUFFile.maximumDimensions else {
            throw refused(.tooManyDimensions(tensor: name, count: rank))
        }
        var dimensions: [UInt64] = []
        for _ in 0..<rank { dimensions.append(try cursor.uint64(name)) }
        let number = try cursor.uint32(name)
        let offset = try cursor.uint64(name)
        guard let type = GGUFTensorType(rawValue: number) else {
            throw refused(.unknownTensorType(tensor: name, type: number))
        }
        let shape = dimensions.reversed().map { Int(clamping: $0) }
        return (name, type, shape, try byteCount(name, type, shape, dimensions), offset)
    }

    private func byteCount(
        _ name: String,
        _ type: GGUFTensorType,
        _ shape: [Int],
        _ dimensions: [UInt64]
    ) throws(CheckpointError) -> Int {
        guard dimensions.allSatisfy({ $0 <= UInt64(Int.max / 2) }) else {
            throw refused(.impossibleSize(tensor: name, dimensions: dimensions))
        }
        let columns = shape.last ?? 1
        let block = type.block
        guard columns % block.elements == 0 else {
            throw refused(.incompleteBlock(tensor: name, type: type, columns: columns))
        }
        // Elements as well as bytes must be countable; a dimension of 0 hides no overflow of the others.
        var elements = 1
        var bytes = block.bytes
        for (position, dimension) in shape.enumerated() {
            let blocks = position == shape.count - 1 ? dimension / block.elements : dimension
            let (elementProduct, elementsOverflow) = elements.multipliedReportingOverflow(by: max(dimension, 1))
            let (byteProduct, bytesOverflow) = bytes.multipliedReportingOverflow(by: max(blocks, 1))
            guard !elementsOverflow, !bytesOverflow else {
                throw refused(.impossibleSize(tensor: name, dimensions: dimensions))
            }
            (elements, bytes) = (elementProduct, byteProduct)
        }
        return shape.contains(0) ? 0 : bytes
    }

    /// Gives every tensor its place in the file.
    private mutating func place(
        _ declared: [(name: String, type: GGUFTensorType, shape: [Int], byteCount: Int, offset: UInt64)]
    ) throws(CheckpointError) {
        // No overflow: the header lies in the file, and files are smaller than half the address space.
        let dataStart = aligned(cursor.offset)
        var expected = 0
        tensors.reserveCapacity(declared.count)
        for tensor in declared {
            guard tensor.offset == UInt64(expected) else {
                throw refused(
                    .wrongOffset(tensor: tensor.name, expected: UInt64(expected), found: tensor.offset)
                )
            }
            let start = dataStart + expected
            let (end, overflows) = start.addingReportingOverflow(tensor.byteCount)
            guard !overflows, end <= file.byteCount || tensor.byteCount == 0 else {
                throw refused(
                    .outOfFile(tensor: tensor.name, end: overflows ? .max : end, fileByteCount: file.byteCount)
                )
            }
            tensors.append(
                GGUFFile.Tensor(name: tensor.name, type: tensor.type, shape: tensor.shape, fileRange: start..<end)
            )
            expected = aligned(expected + tensor.byteCount)
        }
    }

    private func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}
