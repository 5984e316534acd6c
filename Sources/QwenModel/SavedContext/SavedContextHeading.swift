internal import QwenDigest
internal import QwenTensor

/// What a file with a saved context begins with, and so what follows in it.
///
/// All numbers are little-endian.
///
/// | bytes | |
/// |---|---|
/// | 8 | `QwenCtx` and a zero |
/// | 4 | version, 1 |
/// | 4 | type of the keys and values: 0 float32, 1 float16, 2 bfloat16, 3 8-bit integers |
/// | 4, 4, 4 | layers, key–value heads, head dimension |
/// | 4 | zero |
/// | 8 | tokens |
/// | 8 | bytes of the attachment |
/// | 32 | ``ModelHash`` |
///
/// Then the attachment, the tokens (4 bytes each), for each layer the keys and then the values, `[heads, tokens, head dimension]`,
/// and the SHA-256 of everything before. Of 8-bit integers each 32 dimensions, or what is left of them, are a block of GGUF's Q8_0: a
/// scale in binary16, then the integers.
struct SavedContextHeading: Equatable {
    static let byteCount = 80
    static let version = 1
    private static let magic = Array("QwenCtx\0".utf8)
    private static let types: [KeyValueType] = [.float32, .float16, .bfloat16, .int8]

    var type: KeyValueType
    var layers: Int
    var heads: Int
    var headDimension: Int
    var tokens: Int
    var attachmentByteCount: Int
    var modelHash: [UInt8]

    /// The size of the whole file; nil where it overflows.
    var fileByteCount: Int? {
        var total = Self.byteCount + MessageDigest.Algorithm.sha256.byteCount
        let factors = [2, layers, heads, type.rowByteCount(headDimension: headDimension), tokens]
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            product = next
        }
        for part in [product, attachmentByteCount, tokens * 4] {
            let (next, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = next
        }
        return total
    }

    var bytes: [UInt8] {
        var bytes = Self.magic
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
        append(UInt32(Self.version))
        append(UInt32(Self.types.firstIndex(of: type) ?? Self.types.count))
        for size in [layers, heads, headDimension, 0] { append(UInt32(truncatingIfNeeded: size)) }
        append(UInt64(tokens))
        append(UInt64(attachmentByteCount))
        return bytes + modelHash
    }

    /// Reads a heading.
    ///
    /// - Parameters:
    ///   - bytes: `byteCount` bytes.
    ///   - path: where they come from.
    /// - Throws: `SavedContextError` where they are no heading.
    init(parsing bytes: [UInt8], path: String) throws(SavedContextError) {
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic) else { throw .notASavedContext(path: path) }
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let version = Int(number(8, 4))
        guard version == Self.version else { throw .unsupportedVersion(version, supported: Self.version) }
        let type = Int(number(12, 4))
        guard Self.types.indices.contains(type), number(28, 4) == 0 else { throw .corrupt(path: path) }
        self.type = Self.types[type]
        layers = Int(number(16, 4))
        heads = Int(number(20, 4))
        headDimension = Int(number(24, 4))
        // Larger numbers than these cannot be true: the file would have to be larger than files can be.
        guard let tokens = Int(exactly: number(32, 8)), tokens < 1 << 40,
            let attachment = Int(exactly: number(40, 8))
        else { throw .corrupt(path: path) }
        self.tokens = tokens
        attachmentByteCount = attachment
        modelHash = Array(bytes[48...])
    }

    init(_ cache: KeyValueCache, _ configuration: ModelConfiguration, attachmentByteCount: Int, modelHash: [UInt8]) {
        type = cache.layout.type
        layers = configuration.layerCount
        heads = configuration.keyValueHeads
        headDimension = configuration.headDimension
        tokens = cache.count
        self.attachmentByteCount = attachmentByteCount
        self.modelHash = modelHash
    }
}
