internal import CQwenDigest

/// The name that a content has on the Hub: the SHA-256 of large files (Git LFS), the Git object id of small ones.
///
/// A Git object id is the SHA-1 of `blob`, a space, the length in decimal, a zero byte and the content.
package struct ContentDigest: Hashable, Sendable {
    package enum Kind: Sendable { case sha256, gitBlob }

    package let kind: Kind
    /// In hexadecimal, lowercase: 64 or 40 digits.
    package let hex: String

    /// Reads an ETag of the Hub; nil where it is neither of the two.
    package init?(hex: String) {
        let digits = hex.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard digits else { return nil }
        switch hex.utf8.count {
        case 64: kind = .sha256
        case 40: kind = .gitBlob
        default: return nil
        }
        self.hex = hex
    }
}

/// Computes a ``ContentDigest`` piece by piece.
package struct ContentHasher: Sendable {
    private let isSHA256: Bool
    private var state: [UInt32]
    /// Less than a block.
    private var tail: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// Begins.
    ///
    /// - Parameters:
    ///   - kind: which name is wanted.
    ///   - byteCount: the content's length, which a Git object id begins with.
    package init(_ kind: ContentDigest.Kind, byteCount: Int) {
        isSHA256 = kind == .sha256
        // FIPS 180-4, §5.3.
        state =
            isSHA256
            ? [
                0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
            ]
            : [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        tail.reserveCapacity(64)
        if kind == .gitBlob { Array("blob \(byteCount)\0".utf8).withUnsafeBytes { update($0) } }
    }

    /// Takes the next bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount &+= UInt64(bytes.count)
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

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), blocks.count >= 64 else { return }
        if isSHA256 {
            qwen_sha256_compress(&state, bytes, blocks.count / 64)
        } else {
            qwen_sha1_compress(&state, bytes, blocks.count / 64)
        }
    }

    /// The digest in hexadecimal.
    package func finish() -> String {
        var copy = self
        let bitCount = byteCount &* 8
        var padding: [UInt8] = [0x80]
        padding += [UInt8](repeating: 0, count: (119 - tail.count) % 64)
        for shift in stride(from: 56, through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        padding.withUnsafeBytes { copy.update($0) }
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = []
        for word in copy.state {
            for shift in stride(from: 28, through: 0, by: -4) { hex.append(digits[Int(word >> UInt32(shift) & 15)]) }
        }
        return String(decoding: hex, as: UTF8.self)
    }
}
