import CQwenDigest
import QwenDigest
import Testing

@Suite struct MessageDigestTests {
    private func hex(_ algorithm: MessageDigest.Algorithm, _ bytes: [UInt8], pieces: Int = .max) -> String {
        var digest = MessageDigest(algorithm)
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { digest.update($0) }
            rest = rest.dropFirst(pieces)
        }
        return digest.finish().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The examples that NIST publishes for FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func sha256(text: String, expected: String) {
        #expect(hex(.sha256, Array(text.utf8)) == expected)
        #expect(hex(.sha256, Array(text.utf8), pieces: 61) == expected)
    }

    /// The examples of FIPS 180-4 for SHA-1.
    @Test(arguments: [
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    ])
    func sha1(text: String, expected: String) {
        #expect(hex(.sha1, Array(text.utf8)) == expected)
        #expect(hex(.sha1, Array(text.utf8), pieces: 3) == expected)
    }

    @Test(arguments: [MessageDigest.Algorithm.sha256, .sha1])
    func digestsHaveTheLengthThatIsPromised(algorithm: MessageDigest.Algorithm) {
        #expect(MessageDigest(algorithm).finish().count == algorithm.byteCount)
    }

    @Test func theFastCompressionAgreesWithThePlainOne() {
        let bytes = (0..<64 * 37).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        var fast = (0..<8).map { UInt32($0) &* 0x9e37_79b9 }
        var plain = fast
        qwen_sha256_compress(&fast, bytes, 37)
        qwen_sha256_compress_scalar(&plain, bytes, 37)
        #expect(fast == plain)
    }

    @Test func everyLengthAroundABlock() throws {
        // The same content in one piece and byte by byte: the padding has its own block from 56 on.
        for count in 0...130 {
            let bytes = [UInt8](repeating: 0x61, count: count)
            #expect(hex(.sha256, bytes) == hex(.sha256, bytes, pieces: 1))
        }
    }
}
