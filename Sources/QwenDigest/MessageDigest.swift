internal import CQwenDigest

/// Computes a message digest piece by piece: SHA-256 or SHA-1 (FIPS 180-4).
package struct MessageDigest: Sendable {
    /// How a message becomes a digest.
    package enum Algorithm: Sendable {
        case sha256
        /// What Git names its objects by; nothing here trusts it for more.
        case sha1

        /// Bytes of a digest.
        package var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha1: 20
            }
        }
    }

    private let algorithm: Algorithm
    private var state: [UInt32]
    /// Less than a block.
    private var tail: [UInt8] = []
    private var byteCount: UInt64 = 0

    private static let blockByteCount = 64

    /// Begins an empty message.
    ///
    /// - Parameter algorithm: which digest is wanted.
    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        // FIPS 180-4, §5.3.
        state =
            switch algorithm {
            case .sha256:
                [
                    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
                    0x5be0_cd19,
                ]
            case .sha1:
                [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
            }
        tail.reserveCapacity(Self.blockByteCount)
    }

    /// Takes the message's next bytes in.
    ///
    /// - Complexity: O(bytes).
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= UInt64(bytes.count)
        var rest = bytes[...]
        if !tail.isEmpty {
            let taken = min(Self.blockByteCount - tail.count, rest.count)
            tail += rest.prefix(taken)
            rest = rest.dropFirst(taken)
            guard tail.count == Self.blockByteCount else { return }
            let block = tail
            block.withUnsafeBytes { compress($0) }
            tail.removeAll(keepingCapacity: true)
        }
        let whole = rest.count / Self.blockByteCount * Self.blockByteCount
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        tail += rest.dropFirst(whole)
    }

    /// The digest of what was taken in; more can follow.
    ///
    /// - Returns: `Algorithm.byteCount` bytes.
    package func finish() -> [UInt8] {
        var copy = self
        let bitCount = byteCount &* 8
        var padding: [UInt8] = [0x80]
        padding += [UInt8](repeating: 0, count: (119 - tail.count) % Self.blockByteCount)
        for shift in stride(from: 56, through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        padding.withUnsafeBytes { copy.update($0) }
        return copy.state.flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        let count = blocks.count / Self.blockByteCount
        guard let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), count > 0 else { return }
        switch algorithm {
        case .sha256: qwen_sha256_compress(&state, bytes, count)
        case .sha1: qwen_sha1_compress(&state, bytes, count)
        }
    }
}
