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
