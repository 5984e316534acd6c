import QwenTokenizer
import Testing

@Suite struct SegmentTests {
    let tokenizer = Tokenizer.qwen

    @Test func equalsTheJoinedTextAtAnySplit() throws {
        var random = RepeatableRandom(seed: 1)
        for reference in try Fixtures.cases("qwen_cases.jsonl") {
            for kind in [PromptSegment.Kind.scaffold, .content] {
                let scalars = Array(reference.text.unicodeScalars)
                var segments: [PromptSegment] = []
                var start = 0
                while start < scalars.count {
                    let end = min(scalars.count, start + Int.random(in: 0...12, using: &random))
                    var text = String.UnicodeScalarView()
                    text.append(contentsOf: scalars[start..<end])
                    segments.append(PromptSegment(String(text), kind: kind))
                    start = end
                }
                let expected = kind == .scaffold ? reference.ids : reference.plainIDs
                #expect(tokenizer.encode(segments: segments) == expected, "\(reference.text.debugDescription)")
            }
        }
    }

    @Test func mergesContentWithTheScaffoldAroundIt() {
        let content = "\n\n  e\u{301}t\u{E9}\n"
        let ids = tokenizer.encode(segments: [
            .scaffold("<|im_start|>user\n"), .content(content), .scaffold("<|im_end|>\n<|im_start|>assistant\n"),
        ])
        #expect(ids == tokenizer.encode("<|im_start|>user\n\(content)<|im_end|>\n<|im_start|>assistant\n"))
        // A mark at the start of content joins the scaffold's last letter, as in the joined text.
        #expect(tokenizer.encode(segments: [.scaffold("e"), .content("\u{301}")]) == tokenizer.encode("\u{E9}"))
    }

    @Test func neverTakesContentForAnAddedToken() throws {
        for token in tokenizer.addedTokens {
            let scalars = Array(token.content.unicodeScalars)
            for cut in 0...scalars.count {
                let left = String(String.UnicodeScalarView(scalars[..<cut]))
                let right = String(String.UnicodeScalarView(scalars[cut...]))
                let splits: [[PromptSegment]] = [
                    [.content(left), .content(right)],
                    [.scaffold(left), .content(right)],
                    [.content(left), .scaffold(right)],
                ]
                for (number, segments) in splits.enumerated() {
                    // Nothing but scaffold is left where the cut is at an end.
                    if (number == 1 && cut == scalars.count) || (number == 2 && cut == 0) { continue }
                    let ids = tokenizer.encode(segments: segments)
                    #expect(!ids.contains { $0 >= 151_643 })
                    #expect(try tokenizer.decode(ids) == token.content)
                }
                #expect(tokenizer.encode(segments: [.scaffold(left), .scaffold(right)]) == [token.id])
                #expect(tokenizer.encode(segments: [.scaffold(left), .content(""), .scaffold(right)]) == [token.id])
            }
        }
    }

    @Test func holdsForTokensSoughtAfterNormalisation() throws {
        let small = try Fixtures.smallTokenizer.get()
        let id = try #require(small.id(of: "\u{E9}>"))
        #expect(small.encode("ae\u{301}>b").contains(id))
        #expect(small.encode(segments: [.scaffold("ae\u{301}>b")]).contains(id))
        #expect(!small.encode(segments: [.content("ae\u{301}>b")]).contains(id))
        #expect(!small.encode(segments: [.scaffold("ae"), .content("\u{301}>b")]).contains(id))
        #expect(!small.encode(segments: [.scaffold("ae\u{301}"), .content(">b")]).contains(id))
        // Content that changes under normalisation elsewhere does not move the borders.
        let ids = small.encode(segments: [
            .content("A\u{30A}e\u{301}>\u{212B}"), .scaffold("e\u{301}>"), .content("e\u{301}>"),
        ])
        #expect(ids.filter { $0 == id }.count == 1)
    }

    @Test func comparesByBytes() {
        #expect(PromptSegment.content("\u{E9}") != .content("e\u{301}"))
        #expect(PromptSegment.content("a") != .scaffold("a"))
        #expect(Set([PromptSegment.content("a"), .content("a"), .scaffold("a")]).count == 2)
    }
}
