#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Writes a GGUF file of version 3: the header at once, then the tensors' bytes in order.
///
/// The file gets its name only when it is complete; until then it is `PATH.incomplete`.
final class GGUFWriter {
    /// A tensor to come.
    struct Tensor {
        let name: String
        let type: GGUFTensorType
        /// The dimensions, the slowest first.
        let shape: [Int]

        var byteCount: Int {
            let (elements, bytes) = type.block
            return shape.reduce(1, *) / elements * bytes
        }
    }

    private static let alignment = 32

    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var written = 0
    private var isFinished = false

    /// Creates the file and writes the header.
    init(path: String, metadata: [GGUFFile.Entry], tensors: [Tensor]) throws(QuantizingError) {
        self.path = path
        temporaryPath = path + ".incomplete"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: temporaryPath, code: errno) }
        var header = GGUFBytes()
        header.bytes += "GGUF".utf8
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for entry in metadata {
            header.append(entry.key)
            header.append(entry.value)
        }
        var offset = 0
        for tensor in tensors {
            header.append(tensor.name)
            header.append(UInt32(tensor.shape.count))
            for dimension in tensor.shape.reversed() { header.append(UInt64(dimension)) }
            header.append(tensor.type.rawValue)
            header.append(UInt64(offset))
            offset = Self.aligned(offset + tensor.byteCount)
        }
        try write(header.bytes)
        try pad()
    }

    deinit {
        guard !isFinished else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    /// Writes more of the tensor that is next.
    func write(_ bytes: UnsafeRawBufferPointer) throws(QuantizingError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
            let count = Glibc.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
            #elseif canImport(Musl)
            let count = Musl.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
            #else
            let count = Darwin.write(descriptor, base + done, min(bytes.count - done, 1 << 30))
            #endif
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw .cannotWrite(path: temporaryPath, code: errno)
            }
        }
        written += bytes.count
    }

    /// Ends a tensor.
    func pad() throws(QuantizingError) {
        let count = Self.aligned(written) - written
        guard count > 0 else { return }
        try write([UInt8](repeating: 0, count: count))
    }

    private func write(_ bytes: [UInt8]) throws(QuantizingError) {
        let outcome: Result<Void, QuantizingError> = bytes.withUnsafeBytes { bytes in
            do throws(QuantizingError) { return .success(try write(bytes)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// Gives the complete file its name.
    func finish() throws(QuantizingError) {
        isFinished = true
        let isSynced = fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isSynced, rename(temporaryPath, path) == 0 else {
            let failure = isSynced ? errno : code
            unlink(temporaryPath)
            throw .cannotWrite(path: path, code: failure)
        }
    }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}

/// Bytes of a GGUF header.
private struct GGUFBytes {
    var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    /// A value with its type: integers and floats have 32 bits where they fit, as the specification wants its own keys.
    mutating func append(_ value: GGUFValue) {
        switch value {
        case .unsigned(let number):
            if let narrow = UInt32(exactly: number) { append(.uint32, narrow) } else { append(.uint64, number) }
        case .signed(let number):
            if let narrow = Int32(exactly: number) { append(.int32, narrow) } else { append(.int64, number) }
        case .float(let number):
            if Double(Float(number)) == number {
                append(.float32, Float(number).bitPattern)
            } else {
                append(.float64, number.bitPattern)
            }
        case .bool(let flag):
            append(.bool, UInt8(flag ? 1 : 0))
        case .string(let text):
            append(GGUFValueType.string.rawValue)
            append(text)
        case .strings(let list):
            append(GGUFValueType.array.rawValue)
            append(GGUFValueType.string.rawValue)
            append(UInt64(list.count))
            for text in list { append(text) }
        case .numbers(let list):
            append(GGUFValueType.array.rawValue)
            append(list.type.rawValue)
            append(UInt64(list.count))
            bytes += list.bytes
        }
    }

    private mutating func append(_ type: GGUFValueType, _ value: some FixedWidthInteger) {
        append(type.rawValue)
        append(value)
    }
}
