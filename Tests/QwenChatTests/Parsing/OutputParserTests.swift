import QwenChat
import QwenTokenizer
import Testing

@Suite("A model's output is split into thinking and answer")
struct OutputParserTests {
    @Test("a newline is no markup where there are no calls")
    func noCalls() {
        var parser = OutputParser(tokenizer: .qwen, family: .chatML)
        let events = Tokenizer.qwen.encode("a\n<tool_call>\n{}").flatMap { parser.consume($0) }
        #expect(joined(events) == [.text("a\n<tool_call>\n{}")])
    }

    /// Parses an output as the model would print it; neighbouring events of a kind are joined.
    private func parse(_ output: String, startsInThinking: Bool = false) -> [OutputEvent] {
        var parser = OutputParser(tokenizer: .qwen, startsInThinking: startsInThinking)
        var events: [OutputEvent] = []
        for id in Tokenizer.qwen.encode(output) { events += parser.consume(id) }
        events += parser.finish()
        return joined(events)
    }

    @Test("the newlines around the tags are markup")
    func newlines() {
        #expect(parse("<think>\nhm\n</think>\n\nyes") == [.thinking("hm"), .text("yes")])
        #expect(parse("<think>hm</think>yes") == [.thinking("hm"), .text("yes")])
        #expect(parse("<think>\n\nhm\n\n</think>\n\n\nyes\n") == [.thinking("\nhm\n"), .text("\nyes\n")])
    }

    @Test("an empty block gives no event")
    func emptyBlock() {
        for block in ["<think>\n\n</think>\n\n", "<think></think>", "<think>\n</think>\n"] {
            #expect(parse(block + "yes") == [.text("yes")])
        }
    }

    @Test("thinking that is never closed stays thinking")
    func unclosed() {
        #expect(parse("<think>\nhm") == [.thinking("hm")])
        #expect(parse("<think>\nhm\n") == [.thinking("hm\n")])
        #expect(parse("<think>") == [])
    }

    @Test("a prompt that opened the block starts in thinking")
    func openedByPrompt() {
        #expect(parse("hm\n</think>\n\nyes", startsInThinking: true) == [.thinking("hm"), .text("yes")])
        #expect(parse("hm", startsInThinking: true) == [.thinking("hm")])
        #expect(parse("</think>\n\nyes", startsInThinking: true) == [.text("yes")])
    }

    @Test("a tag in the wrong place is text")
    func strayTags() {
        #expect(parse("The tag <think> opens it.") == [.text("The tag <think> opens it.")])
        #expect(parse("a</think>b") == [.text("a</think>b")])
        #expect(parse("<think>\na<think>b\n</think>\n\nc") == [.thinking("a<think>b"), .text("c")])
        #expect(parse("<think>a</think>b<think>c</think>") == [.thinking("a"), .text("b<think>c</think>")])
        #expect(parse("<think>\n<tool_call>\n</think>\n\nc") == [.thinking("<tool_call>"), .text("c")])
    }

    @Test("a tag that is spelled out is text")
    func spelledOut() {
        var parser = OutputParser(tokenizer: .qwen)
        var events: [OutputEvent] = []
        for id in Tokenizer.qwen.encode("<think>a</think>", addedTokens: .disabled) { events += parser.consume(id) }
        events += parser.finish()
        #expect(joined(events) == [.text("<think>a</think>")])
    }

    @Test("a character that is spread over tokens comes whole, also before a tag")
    func splitCharacters() {
        #expect(parse("<think>\n🧑‍🚀🫨\n</think>\n\n𓀀é") == [.thinking("🧑‍🚀🫨"), .text("𓀀é")])
        for id in Tokenizer.qwen.encode("𓀀") {
            var parser = OutputParser(tokenizer: .qwen, startsInThinking: true)
            // Half a character, then the end of the thinking: it will never be whole.
            let events = parser.consume(id) + parser.consume(151_668)
            #expect(joined(events).allSatisfy { $0 == .thinking("\u{FFFD}") })
            #expect(!parser.isThinking)
        }
    }

    @Test("each piece is given as soon as it is known")
    func streaming() {
        var parser = OutputParser(tokenizer: .qwen)
        let newline = Tokenizer.qwen.encode("\n")[0]
        #expect(parser.consume(151_667).isEmpty)
        #expect(parser.isThinking)
        #expect(parser.consume(newline).isEmpty)
        #expect(parser.consume(Tokenizer.qwen.encode("a")[0]) == [.thinking("a")])
        #expect(parser.consume(newline).isEmpty)
        #expect(parser.consume(newline) == [.thinking("\n")])
        #expect(parser.consume(151_668).isEmpty)
        #expect(parser.consume(newline).isEmpty)
        #expect(parser.consume(newline).isEmpty)
        // A newline may belong to the tag of a call.
        #expect(parser.consume(newline).isEmpty)
        #expect(parser.finish() == [.text("\n")])
    }

    @Test("special tokens and ids outside the vocabulary give no text")
    func noText() {
        var parser = OutputParser(tokenizer: .qwen)
        for id in [151_644, 151_643, 151_935, -1, .max] { #expect(parser.consume(id).isEmpty) }
        #expect(parser.finish().isEmpty)
    }
}
