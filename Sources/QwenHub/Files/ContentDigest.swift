internal import QwenDigest

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
    private var digest: MessageDigest

    /// Begins.
    ///
    /// - Parameters:
    ///   - kind: which name is wanted.
    ///   - byteCount: the content's length, which a Git object id begins with.
    package init(_ kind: ContentDigest.Kind, byteCount: Int) {
        switch kind {
        case .sha256:
            digest = MessageDigest(.sha256)
        case .gitBlob:
            digest = MessageDigest(.sha1)
            Array("blob \(byteCount)\0".utf8).withUnsafeBytes { digest.update($0) }
        }
    }

    /// Takes the next bytes in.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        digest.update(bytes)
    }

    /// The digest in hexadecimal.
    package func finish() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.finish().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}
