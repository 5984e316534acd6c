import QwenChat
import QwenJSON
import QwenTokenizer
import Testing

/// Parses by token id, tags recognised.
private func byID(_ one: ParsingCase) -> [OutputEvent] {
    var parser = OutputParser(
        tokenizer: .qwen,
        family: one.family,
        tools: parsingTools,
        startsInThinking: one.startsInThinking
    )
    return joined(Tokenizer.qwen.encode(one.output).flatMap { parser.consume($0) } + parser.finish())
}

private func byText(_ one: ParsingCase, _ deltas: [String]) -> [OutputEvent] {
    var parser = TextOutputParser(family: one.family, tools: parsingTools, startsInThinking: one.startsInThinking)
    return joined(deltas.flatMap { parser.consume($0) } + parser.finish())
}

@Suite("What other parsers break on")
struct ToolCallParsingTests {
    private static let cases = ParsingCase.shared + ParsingCase.hermes + ParsingCase.coderCases

    @Test("is decided by token id", arguments: cases)
    func tokens(one: ParsingCase) {
        #expect(byID(one) == one.events)
    }

    @Test("and the same in text, wherever it is cut", arguments: cases)
    func text(one: ParsingCase) {
        #expect(byText(one, [one.output]) == one.events)
        let scalars = one.output.unicodeScalars
        #expect(byText(one, scalars.map { String($0) }) == one.events)
        for cut in scalars.indices {
            let deltas = [String(scalars[..<cut]), "", String(scalars[cut...])]
            #expect(byText(one, deltas) == one.events, "cut before \(deltas[2])")
        }
    }

    @Test("and in text that is cut as the tokens are", arguments: cases)
    func tokenSizedText(one: ParsingCase) throws {
        var decoder = StreamingDecoder(.qwen)
        var deltas = try Tokenizer.qwen.encode(one.output).map { try decoder.append($0) }
        deltas.append(decoder.finish())
        #expect(byText(one, deltas) == one.events)
    }

    @Test("a call that is spelled out is text by token id")
    func spelledOut() {
        let output = "<tool_call>\n{\"name\": \"f\"}\n</tool_call>"
        var parser = OutputParser(tokenizer: .qwen, tools: parsingTools)
        let ids = Tokenizer.qwen.encode(output, addedTokens: .disabled)
        #expect(joined(ids.flatMap { parser.consume($0) } + parser.finish()) == [.text(output)])
    }

    @Test(
        "a call is announced, its arguments come as they are written, and nothing stands between",
        arguments: [
            (
                "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1.0, \"é\"]}}\n</tool_call>",
                "{\"a\": [1.0, \"é\"]}"
            ),
            ("<tool_call>\n{\"arguments\": {\"a\": 1}, \"name\": \"f\"}\n</tool_call>", "{\"a\": 1}"),
            ("<tool_call>\n{\"name\": \"f\"}\n</tool_call>", ""),
        ]
    )
    func streaming(output: String, arguments: String) throws {
        var parser = TextOutputParser(family: .qwen3, tools: parsingTools)
        let events = output.unicodeScalars.flatMap { parser.consume(String($0)) }
        #expect(events.first == .toolCallStarted(name: "f"))
        let deltas = events.compactMap { if case .toolCallDelta(let text) = $0 { text } else { nil } }
        #expect(deltas.joined() == arguments)
        #expect(events.count == deltas.count + 2)
        guard case .toolCall? = events.last else { return #expect(Bool(false), "no call") }
        #expect(parser.finish().isEmpty)
    }

    @Test("Coder's arguments come as JSON")
    func coderStreaming() throws {
        var parser = TextOutputParser(family: .qwen3Coder, tools: parsingTools)
        let output = ParsingCase.coderCall("typed", ("s", "a\"b"), ("n", "1.0"))
        let events = output.unicodeScalars.flatMap { parser.consume(String($0)) }
        let deltas = events.compactMap { if case .toolCallDelta(let text) = $0 { text } else { nil } }
        #expect(deltas == [#"{"s": "a\"b""#, #", "n": 1.0}"#])
    }

    /// Found by fuzzing: what came after the mistake was given as arguments if it came in the same piece.
    @Test("a call that breaks gives the same arguments however it is cut")
    func brokenCall() {
        let output = "<tool_call>\n{\"name\": \"typed\", \"arguments\": {\"s\": \"</tool_call>\u{1} and more"
        func deltas(_ pieces: [String]) -> String {
            var parser = TextOutputParser(family: .qwen3, tools: parsingTools)
            let events = pieces.flatMap { parser.consume($0) } + parser.finish()
            return events.map { if case .toolCallDelta(let text) = $0 { text } else { "" } }.joined()
        }
        let expected = #"{"s": "</tool_call>"#
        #expect(deltas([output]) == expected)
        #expect(deltas(output.unicodeScalars.map { String($0) }) == expected)
    }

    @Test("long and hostile outputs take time in proportion to their length")
    func hostile() {
        let pieces = [
            "<tool_call>", "<tool_call>{\"", "</tool_call>", "<", "<tool_call>\n", "\n",
            "<tool_call>{\"a\": \"</tool_call>",
        ]
        for piece in pieces {
            for family in [ChatTemplateFamily.qwen3, .qwen3Coder] {
                var parser = TextOutputParser(family: family)
                var count = 0
                for _ in 0..<20_000 { count += parser.consume(piece).count }
                count += parser.finish().count
                #expect(count > 0)
            }
        }
    }
}
