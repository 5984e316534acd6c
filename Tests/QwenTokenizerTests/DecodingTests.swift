import QwenTokenizer
import Testing

@Suite struct DecodingTests {
    let tokenizer = Tokenizer.qwen

    @Test func refusesUnknownIDs() throws {
        for id in [-1, Int.min, 151_669, Int.max] {
            let error = TokenizerError.unknownID(id, vocabularySize: 151_669)
            #expect(throws: error) { try tokenizer.decode([9707, id]) }
            #expect(throws: error) { try tokenizer.bytes(of: id) }
            var decoder = StreamingDecoder(tokenizer)
            #expect(throws: error) { try decoder.append(id) }
        }
    }

    @Test func skipsSpecialTokensWhereAsked() throws {
        let ids = tokenizer.encode("<|im_start|>user\n<think>x</think><|im_end|>")
        #expect(try tokenizer.decode(ids) == "<|im_start|>user\n<think>x</think><|im_end|>")
        #expect(try tokenizer.decode(ids, skipSpecialTokens: true) == "user\n<think>x</think>")
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        #expect(try ids.map { try decoder.append($0) }.joined() + decoder.finish() == "user\n<think>x</think>")
    }

    @Test func repairsAsPythonDoes() throws {
        // Python: bytes.decode("utf-8", errors="replace").
        let cases: [([UInt8], String)] = [
            ([0xE4, 0xB8], "\u{FFFD}"),
            ([0xE4, 0xB8, 0x61], "\u{FFFD}a"),
            ([0xF0, 0x9F, 0x98], "\u{FFFD}"),
            ([0xF0, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xE0, 0x9F, 0xE4, 0xB8, 0xAD], "\u{FFFD}\u{FFFD}\u{4E2D}"),
            ([0x80, 0xBF, 0xFE, 0xFF], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ]
        var idOfByte: [UInt8: Int] = [:]
        for id in 0..<256 { idOfByte[try tokenizer.bytes(of: id)[0]] = id }
        for (bytes, expected) in cases {
            let ids = try bytes.map { try #require(idOfByte[$0]) }
            #expect(try hasSameBytes(tokenizer.decode(ids), expected), "\(bytes)")
            #expect(try tokenizer.decodeBytes(ids) == bytes)
            #expect(try hasSameBytes(stream(ids).joined(), expected), "\(bytes)")
        }
    }

    @Test func streamsWhatDecodingGives() throws {
        var random = RepeatableRandom(seed: 2)
        for round in 0..<400 {
            // Bytes and fragments often, so that characters are cut and broken.
            let largest = [256, 3_000, 151_669][round % 3]
            let ids = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Int.random(in: 0..<largest, using: &random)
            }
            #expect(try hasSameBytes(stream(ids).joined(), tokenizer.decode(ids)), "\(ids)")
        }
    }

    @Test func neverStreamsHalfACharacter() throws {
        for reference in try Fixtures.cases("qwen_cases.jsonl") {
            var decoder = StreamingDecoder(tokenizer)
            for id in reference.ids {
                let piece = try decoder.append(id)
                #expect(!piece.unicodeScalars.contains("\u{FFFD}"))
            }
            #expect(!decoder.isHoldingBack)
            #expect(decoder.finish().isEmpty)
        }
    }

    @Test func beginsAnewAfterTheEnd() throws {
        let ids = tokenizer.encode("\u{2A6D6}")
        var decoder = StreamingDecoder(tokenizer)
        #expect(ids.count > 1)
        #expect(try decoder.append(ids[0]) == "")
        #expect(decoder.isHoldingBack)
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(try ids.map { try decoder.append($0) }.joined() == "\u{2A6D6}")
    }

    private func stream(_ ids: [Int]) throws -> [String] {
        var decoder = StreamingDecoder(tokenizer)
        return try ids.map { try decoder.append($0) } + [decoder.finish()]
    }
}
