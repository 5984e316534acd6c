internal import CQwenDigest

/// SHA-256, piece by piece (FIPS 180-4).
struct SHA256 {
    /// Bytes of a digest.
    static let byteCount = 32

    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// Less than a block.
    private var tail: [UInt8] = []
    private var count: UInt64 = 0

    /// Takes the next bytes in.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var rest = bytes[...]
        if !tail.isEmpty {
            let taken = min(64 - tail.count, rest.count)
            tail += rest.prefix(taken)
            rest = rest.dropFirst(taken)
            guard tail.count == 64 else { return }
            let block = tail
            block.withUnsafeBytes { compress($0) }
            tail.removeAll(keepingCapacity: true)
        }
        let whole = rest.count / 64 * 64
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        tail += rest.dropFirst(whole)
    }

    /// The digest of what was taken in.
    func finish() -> [UInt8] {
        var copy = self
        var padding: [UInt8] = [0x80]
        padding += [UInt8](repeating: 0, count: (119 - tail.count) % 64)
        let bitCount = count &* 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        padding.withUnsafeBytes { copy.update($0) }
        return copy.state.flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), blocks.count >= 64 else { return }
        qwen_sha256_compress(&state, bytes, blocks.count / 64)
    }
}
