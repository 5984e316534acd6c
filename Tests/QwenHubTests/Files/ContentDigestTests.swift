import CQwenDigest
import Foundation
import QwenHub
import Testing

@Suite struct ContentDigestTests {
    private func digest(_ kind: ContentDigest.Kind, _ bytes: [UInt8], pieces: Int = .max) -> String {
        var hasher = ContentHasher(kind, byteCount: bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { hasher.update($0) }
            rest = rest.dropFirst(pieces)
        }
        return hasher.finish()
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
        #expect(digest(.sha256, Array(text.utf8)) == expected)
        #expect(digest(.sha256, Array(text.utf8), pieces: 61) == expected)
    }

    /// What `git hash-object` prints.
    @Test(arguments: [
        ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
        (String(repeating: "what is up, doc?", count: 100), "218a42edb8cd1b291bc53a1d248469245ca96bfc"),
    ])
    func gitBlob(text: String, expected: String) {
        #expect(digest(.gitBlob, Array(text.utf8)) == expected)
        #expect(digest(.gitBlob, Array(text.utf8), pieces: 7) == expected)
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
            #expect(digest(.sha256, bytes) == digest(.sha256, bytes, pieces: 1))
        }
    }

    @Test func aFileThatIsNotWhatItShouldBeIsAnError() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("abc", to: "abc")
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        try await #require(ContentDigest(hex: right)).verify(file.path)
        let wrong = try #require(ContentDigest(hex: String(repeating: "0", count: 64)))
        await #expect(throws: HubError.wrongDigest(path: file.path, expected: wrong.hex, found: right)) {
            try await wrong.verify(file.path)
        }
    }

    @Test(arguments: ["", "abc", "../../../../../../../../../../../../etc/passwd", String(repeating: "A", count: 40)])
    func otherETagsAreNoDigests(text: String) {
        #expect(ContentDigest(hex: text) == nil)
    }
}
