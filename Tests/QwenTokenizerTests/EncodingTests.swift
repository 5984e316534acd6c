import QwenTokenizer
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct EncodingTests {
    let tokenizer = Tokenizer.qwen

    @Test func equalsTheReference() throws {
        for reference in try Fixtures.cases("qwen_cases.jsonl") { try check(reference) }
    }

    @Test(.enabled(if: Oracle.isPresent)) func equalsEveryOracleCase() throws {
        let cases = try Fixtures.cases(in: Array(Data(contentsOf: Oracle.file("tokenizer_cases.jsonl"))))
        #expect(cases.count == 3000)
        for reference in cases { try check(reference) }
    }

    private func check(_ reference: ReferenceCase) throws {
        let text = reference.text
        #expect(tokenizer.encode(text) == reference.ids, "\(text.debugDescription)")
        #expect(tokenizer.encode(text, addedTokens: .disabled) == reference.plainIDs, "\(text.debugDescription)")
        #expect(tokenizer.encode(utf8: Array(text.utf8)) == reference.ids)
        #expect(tokenizer.count(text) == reference.ids.count)
        #expect(tokenizer.count(text, addedTokens: .disabled) == reference.plainIDs?.count)

        // The round trip gives NFC; text between two added tokens is normalised on its own.
        let plain = try tokenizer.decode(try #require(reference.plainIDs))
        #expect(plain == text, "\(text.debugDescription)")
        #expect(tokenizer.encode(plain, addedTokens: .disabled) == reference.plainIDs, "\(text.debugDescription)")
        if let normalized = reference.normalized {
            #expect(hasSameBytes(plain, normalized), "\(text.debugDescription)")
        }
        #expect(try tokenizer.decode(reference.ids) == text, "\(text.debugDescription)")
    }

    @Test func readsIllFormedBytesAsReplacementCharacters() {
        let bytes: [UInt8] = [0x61, 0xFF, 0xE4, 0xB8, 0x62, 0xED, 0xA0, 0x80]
        #expect(tokenizer.encode(utf8: bytes) == tokenizer.encode("a\u{FFFD}\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}"))
    }

    @Test func keepsCanonicalEquivalentsApartInTheVocabulary() throws {
        // U+212B and U+00C5 are equal to String; the vocabulary has tokens that differ by no more.
        #expect(tokenizer.encode("\u{E9}") == tokenizer.encode("e\u{301}"))
        var texts: [[UInt8]: Int] = [:]
        for id in 0..<tokenizer.vocabularySize {
            #expect(texts.updateValue(id, forKey: try tokenizer.bytes(of: id)) == nil)
        }
        #expect(texts.count == 151_669)
    }

    @Test func knowsItsTokens() throws {
        #expect(tokenizer.vocabularySize == 151_669)
        #expect(tokenizer.missingBytes.isEmpty)
        #expect(tokenizer.addedTokens.map(\.id) == Array(151_643...151_668))
        #expect(tokenizer.id(of: "<|im_end|>") == 151_645)
        #expect(tokenizer.id(of: "</think>") == 151_668)
        #expect(tokenizer.id(of: "hello") == nil)
        #expect(tokenizer.addedTokens.filter(\.isSpecial).map(\.id) == Array(151_643...151_656))
        #expect(tokenizer.addedTokens.allSatisfy { !$0.isNormalized })
        #expect(try tokenizer.bytes(of: 151_667) == Array("<think>".utf8))
        #expect(tokenizer.encode("Hello, world!") == [9707, 11, 1879, 0])
    }

    @Test func isSharedByTasks() async throws {
        let cases = try Fixtures.cases("qwen_cases.jsonl")
        await withTaskGroup(of: Bool.self) { group in
            for offset in 0..<8 {
                group.addTask {
                    cases.dropFirst(offset).allSatisfy { Tokenizer.qwen.encode($0.text) == $0.ids }
                }
            }
            for await isEqual in group { #expect(isEqual) }
        }
    }
}
