import Foundation
import QwenJSON
import QwenTokenizer
import Testing

@Suite struct TokenizerFileTests {
    @Test func readsASmallVocabulary() throws {
        let small = try Fixtures.smallTokenizer.get()
        for reference in try Fixtures.cases("small_cases.jsonl") {
            #expect(small.encode(reference.text) == reference.ids, "\(reference.text.debugDescription)")
        }
        #expect(small.addedTokens.map(\.content).contains("one two"))
        #expect(small.addedTokens.filter(\.isNormalized).count == 2)
        #expect(small.id(of: "e\u{301}>") == nil)
        #expect(small.vocabularySize == 605)
    }

    @Test(.enabled(if: Oracle.isPresent)) func equalsTheEmbeddedVocabulary() throws {
        let read = try Tokenizer(contentsOf: Oracle.file("tokenizer.json"))
        let embedded = Tokenizer.qwen
        #expect(read.vocabularySize == embedded.vocabularySize)
        for id in 0..<embedded.vocabularySize {
            if try read.bytes(of: id) != embedded.bytes(of: id) { Issue.record("token \(id) differs") }
        }
        for (left, right) in zip(read.addedTokens, embedded.addedTokens) {
            #expect(
                left.id == right.id && left.isSpecial == right.isSpecial && hasSameBytes(left.content, right.content)
            )
        }
        for reference in try Fixtures.cases("qwen_cases.jsonl") {
            #expect(read.encode(reference.text) == reference.ids)
            #expect(read.encode(reference.text, addedTokens: .disabled) == reference.plainIDs)
        }
    }

    @Test func readsMergesAsStrings() throws {
        let small = try Fixtures.smallTokenizer.get()
        let read = try tokenizer { root in
            let merges = try #require(root["model"]?["merges"]?.array)
            let texts = merges.map { JSONValue.string("\($0[0]?.string ?? "") \($0[1]?.string ?? "")") }
            root.setModel("merges", .array(texts))
        }
        for reference in try Fixtures.cases("small_cases.jsonl") {
            #expect(read.encode(reference.text) == reference.ids)
        }
        #expect(read.vocabularySize == small.vocabularySize)
    }

    @Test func leavesOutWhatTheVocabularyLacks() throws {
        // Hugging Face's tokenizers give the same for this file.
        let read = try tokenizer { root in
            var vocabulary = try #require(root["model"]?["vocab"]?.object)
            let merges = try #require(root["model"]?["merges"]?.array)
            vocabulary["q"] = nil
            root.setModel("vocab", .object(vocabulary))
            root.setModel("merges", .array(merges.filter { "\($0)".contains("q") == false }))
        }
        #expect(read.missingBytes == [UInt8(ascii: "q")])
        #expect(read.encode("q") == [])
        #expect(read.encode("aqb") == read.encode("a") + read.encode("b") || read.encode("aqb") == read.encode("ab"))
    }

    @Test func looksWordsUpWhereMergesAreIgnored() throws {
        // Without merges nothing but a lookup gives more than bytes.
        let read = try tokenizer { root in
            root.setModel("merges", .array([]))
            root.setModel("ignore_merges", .bool(true))
        }
        var words = 0
        for id in 0..<read.vocabularySize where read.addedTokens.allSatisfy({ $0.id != id }) {
            let word = try read.bytes(of: id)
            guard word.count > 1, word.allSatisfy({ (0x61...0x7A).contains($0) }) else { continue }
            #expect(read.encode(utf8: word) == [id])
            #expect(read.encode(utf8: word + [0x71, 0x71, 0x71]).count == word.count + 3)
            words += 1
        }
        #expect(words > 50)
    }

    @Test func goesWithoutANormalizer() throws {
        let read = try tokenizer { $0["normalizer"] = .null }
        #expect(try hasSameBytes(read.decode(read.encode("e\u{301}")), "e\u{301}"))
    }

    @Test func refusesWhatIsNotAFile() {
        let missing = URL(fileURLWithPath: "/nonexistent/tokenizer.json")
        #expect { try Tokenizer(contentsOf: missing) } throws: { error in
            guard case .unreadableFile(let path, _)? = error as? TokenizerError else { return false }
            return path == missing.path
        }
        #expect(throws: TokenizerError.unreadableFile(path: "/", reason: "it is not a regular file")) {
            try Tokenizer(contentsOf: URL(fileURLWithPath: "/"))
        }
        for text in ["", "{", "[1,2", "\u{FEFF}{}", "{\"a\":1,\"\\u0061\":2}"] {
            #expect { try Tokenizer(tokenizerJSON: Array(text.utf8)) } throws: { error in
                if case .malformedJSON? = error as? TokenizerError { true } else { false }
            }
        }
        for text in ["[]", "null", "1"] {
            #expect { try Tokenizer(tokenizerJSON: Array(text.utf8)) } throws: { error in
                if case .invalidField? = error as? TokenizerError { true } else { false }
            }
        }
    }

    @Test func readsThroughALinkAndRefusesAHugeFile() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("qwen-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("blob")
        let link = folder.appendingPathComponent("tokenizer.json")
        try Data(Fixtures.bytes("small_tokenizer.json")).write(to: file)
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
        #expect(try Tokenizer(contentsOf: link).vocabularySize == 605)

        // A sparse file: its size is refused before a byte of it is read.
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 1 << 40)
        try handle.close()
        #expect(throws: TokenizerError.tooLarge(bytes: 1 << 40, limit: 256 << 20)) { try Tokenizer(contentsOf: link) }
    }

    @Test func refusesOtherAlgorithms() {
        expect(.unsupported(path: "normalizer", value: "NFKC")) { $0["normalizer"] = ["type": "NFKC"] }
        expect(.unsupported(path: "pre_tokenizer", value: "null")) { $0["pre_tokenizer"] = .null }
        expect(.unsupported(path: "decoder", value: "WordPiece")) { $0["decoder"] = ["type": "WordPiece"] }
        expect(.unsupported(path: "model.type", value: "\"Unigram\"")) { $0.setModel("type", "Unigram") }
        expect(.unsupported(path: "model.dropout", value: "0.1")) {
            $0.setModel("dropout", .number(try #require(JSONNumber(literal: "0.1"))))
        }
        expect(.unsupported(path: "model.byte_fallback", value: "true")) { $0.setModel("byte_fallback", .bool(true)) }
        expect(.unsupported(path: "model.end_of_word_suffix", value: "\"</w>\"")) {
            $0.setModel("end_of_word_suffix", "</w>")
        }
        expect(.invalidField(path: "model.vocab", expected: "an object")) { $0.setModel("vocab", nil) }
        expect(.unsupportedPattern(#"\w+"#)) { root in
            var steps = try #require(root["pre_tokenizer"]?["pretokenizers"]?.array)
            steps[0] = ["type": "Split", "pattern": ["Regex": #"\w+"#], "behavior": "Isolated", "invert": false]
            root["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": .array(steps)]
        }
    }

    @Test func refusesBadVocabularies() {
        expect(.idOutOfRange(token: "zz", id: -1, limit: 66_754)) { try $0.setToken("zz", -1) }
        expect(.idOutOfRange(token: "zz", id: 1 << 40, limit: 66_754)) { try $0.setToken("zz", 1 << 40) }
        // Found by fuzzing: 14 KB of JSON took 25 MB for the ids in between.
        expect(.idOutOfRange(token: "zz", id: 1_555_556, limit: 66_754)) { try $0.setToken("zz", 1_555_556) }
        expect(.duplicateID(5, first: "#", second: "zz")) { try $0.setToken("zz", 5) }
        expect(.emptyToken(id: 700)) { try $0.setToken("", 700) }
        expect(.notByteLevel(token: "中", id: 700)) { try $0.setToken("中", 700) }
        expect(.invalidField(path: "model.vocab[\"zz\"]", expected: "an integer")) { root in
            var vocabulary = try #require(root["model"]?["vocab"]?.object)
            vocabulary["zz"] = "1"
            root.setModel("vocab", .object(vocabulary))
        }
    }

    @Test func refusesBadMerges() {
        expect(.mergeOfMissingToken(rank: 0, token: "nowhere")) { $0.setModel("merges", [["nowhere", "a"]]) }
        expect(.mergeOfMissingToken(rank: 0, token: "中")) { $0.setModel("merges", [["a", "中"]]) }
        expect(.mergeOfMissingToken(rank: 0, token: "")) { $0.setModel("merges", [["", "a"]]) }
        expect(.mergeOfMissingToken(rank: 0, token: "~~")) { $0.setModel("merges", [["~", "~"]]) }
        expect(.malformedMerge(rank: 1)) { $0.setModel("merges", [["i", "n"], ["i", "n", "g"]]) }
        expect(.malformedMerge(rank: 0)) { $0.setModel("merges", ["i n g"]) }
        expect(.malformedMerge(rank: 0)) { $0.setModel("merges", [1]) }
        expect(.duplicateMerge(rank: 1, left: "i", right: "n")) { $0.setModel("merges", [["i", "n"], "i n"]) }
    }

    @Test func refusesBadAddedTokens() {
        expect(.unsupported(path: "added_tokens[0].lstrip", value: "true")) { $0.setAddedToken(["lstrip": true]) }
        expect(.unsupported(path: "added_tokens[0].single_word", value: "true")) {
            $0.setAddedToken(["single_word": true])
        }
        expect(.invalidField(path: "added_tokens[0].special", expected: "true or false")) {
            $0.setAddedToken(["special": 1])
        }
        expect(.emptyToken(id: 700)) { $0.setAddedToken(["content": ""]) }
        expect(.idOutOfRange(token: "<x>", id: -7, limit: 66_738)) { $0.setAddedToken(["id": -7]) }
        expect(.duplicateID(5, first: "#", second: "<x>")) { $0.setAddedToken(["id": 5]) }
        expect(.addedTokenMismatch("#", id: 700, otherID: 5)) { $0.setAddedToken(["content": "#"]) }
        let long = String(repeating: "x", count: 600)
        expect(.addedTokenTooLong(long, limit: 512)) { $0.setAddedToken(["content": .string(long)]) }
    }

    @Test func leavesHolesBetweenIDs() throws {
        let read = try tokenizer { $0.setAddedToken(["id": 60_000]) }
        #expect(read.vocabularySize == 60_001)
        #expect(read.encode("a<x>").last == 60_000)
        #expect(throws: TokenizerError.unknownID(30_000, vocabularySize: 60_001)) { try read.decode([30_000]) }
    }

    /// The small tokenizer's file, changed.
    private func tokenizer(_ change: (inout JSONObject) throws -> Void) throws -> Tokenizer {
        var root = try #require(try JSONValue(parsing: Fixtures.bytes("small_tokenizer.json")).object)
        try change(&root)
        return try Tokenizer(tokenizerJSON: Array(JSONValue.object(root).serialized().utf8))
    }

    private func expect(
        _ error: TokenizerError,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout JSONObject) throws -> Void
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try tokenizer(change) }
    }
}

extension JSONObject {
    fileprivate mutating func setModel(_ key: String, _ value: JSONValue?) {
        var model = self["model"]?.object ?? [:]
        model[key] = value
        self["model"] = .object(model)
    }

    fileprivate mutating func setToken(_ token: String, _ id: Int) throws {
        var vocabulary = try #require(self["model"]?["vocab"]?.object)
        vocabulary[token] = .number(JSONNumber(id))
        setModel("vocab", .object(vocabulary))
    }

    /// Leaves one added token, `<x>` with id 700, changed in some fields.
    fileprivate mutating func setAddedToken(_ fields: JSONObject) {
        var token: JSONObject = ["id": 700, "content": "<x>", "special": false, "normalized": false]
        for field in fields { token[field.key] = field.value }
        self["added_tokens"] = .array([.object(token)])
    }
}
