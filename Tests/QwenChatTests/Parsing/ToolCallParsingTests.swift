import QwenChat
import QwenJSON
import QwenTokenizer
import Testing

/// One output and what it says.
struct ParsingCase: CustomTestStringConvertible, Sendable {
    let name: String
    var family = ChatTemplateFamily.qwen3
    var startsInThinking = false
    let output: String
    let events: [OutputEvent]

    var testDescription: String { name }

    init(
        _ name: String,
        _ output: String,
        _ events: [OutputEvent],
        family: ChatTemplateFamily = .qwen3,
        startsInThinking: Bool = false
    ) {
        self.name = name
        self.family = family
        self.startsInThinking = startsInThinking
        self.output = output
        self.events = events
    }
}

private let tools = [
    ToolDefinition(name: "f", parameters: ["type": "object", "properties": [:]]),
    ToolDefinition(
        name: "typed",
        parameters: [
            "type": "object",
            "properties": [
                "s": ["type": "string"], "i": ["type": "integer"], "n": ["type": "number"], "b": ["type": "boolean"],
                "a": ["type": "array"], "o": ["type": "object"], "z": ["type": "null"],
                "si": ["type": ["string", "null"]], "any": ["anyOf": [["type": "integer"], ["type": "null"]]],
                "e": ["enum": ["1", 2, nil]], "r": ["$ref": "#/$defs/count"],
            ],
            "$defs": ["count": ["type": "integer"]],
        ]
    ),
]

private func call(_ name: String, _ arguments: JSONValue) -> OutputEvent {
    .toolCall(ToolCall(name: name, arguments: arguments))
}

private func parsed(_ json: String) throws -> JSONValue { try JSONValue(parsing: json) }

/// Parses by token id, tags recognised.
private func byID(_ one: ParsingCase) -> [OutputEvent] {
    var parser = OutputParser(
        tokenizer: .qwen,
        family: one.family,
        tools: tools,
        startsInThinking: one.startsInThinking
    )
    return joined(Tokenizer.qwen.encode(one.output).flatMap { parser.consume($0) } + parser.finish())
}

private func byText(_ one: ParsingCase, _ deltas: [String]) -> [OutputEvent] {
    var parser = TextOutputParser(family: one.family, tools: tools, startsInThinking: one.startsInThinking)
    return joined(deltas.flatMap { parser.consume($0) } + parser.finish())
}

@Suite("What other parsers break on")
struct ToolCallParsingTests {
    private static let shared: [ParsingCase] = [
        ParsingCase("an answer", "yes", [.text("yes")]),
        ParsingCase("thinking", "<think>\nhm\n</think>\n\nyes", [.thinking("hm"), .text("yes")]),
        ParsingCase("an empty block", "<think>\n\n</think>\n\nyes", [.text("yes")]),
        ParsingCase(
            "opened by the prompt",
            "hm\n</think>\n\nyes",
            [.thinking("hm"), .text("yes")],
            startsInThinking: true
        ),
        ParsingCase(
            "opened by the prompt and again by the model",
            "<think>\nhm\n</think>\n\nyes",
            [.thinking("hm"), .text("yes")],
            startsInThinking: true
        ),
        ParsingCase("never closed", "<think>\nhm\n", [.thinking("hm\n")]),
        ParsingCase(
            "a call inside of thinking",
            "<think>\n<tool_call>\n{\"name\": \"f\"}\n</tool_call>\n</think>\n\nyes",
            [
                .thinking("<tool_call>\n{\"name\": \"f\"}\n</tool_call>"), .text("yes"),
            ]
        ),
        ParsingCase(
            "the tag in prose",
            "Use <tool_call> for a call.\nOr `<tool_call>`.",
            [
                .text("Use <tool_call> for a call.\nOr `<tool_call>`.")
            ]
        ),
        ParsingCase(
            "both tags in prose",
            "Between <tool_call> and </tool_call>.\n",
            [
                .text("Between <tool_call> and </tool_call>.\n")
            ]
        ),
        ParsingCase(
            "the tag at the beginning of prose",
            "<tool_call> opens it.\n<tool_call>\u{20}",
            [
                .text("<tool_call> opens it."), .malformedToolCall(raw: " "),
            ]
        ),
        ParsingCase("the tag at the end of prose", "It is <tool_call>", [.text("It is <tool_call>")]),
        ParsingCase("a closing tag alone", "a</tool_call>b", [.text("a</tool_call>b")]),
        ParsingCase(
            "characters that look like tags",
            "a < b <th <tool_cal </tool_call",
            [
                .text("a < b <th <tool_cal </tool_call")
            ]
        ),
        ParsingCase("characters of several bytes", "🧑‍🚀 <think>é\n𓀀", [.text("🧑‍🚀 <think>é\n𓀀")]),
    ]

    private static let hermes: [ParsingCase] = [
        ParsingCase(
            "a call",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>",
            [call("f", ["a": 1])]
        ),
        ParsingCase(
            "after thinking and text",
            "<think>\nhm\n</think>\n\nSure.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>",
            [.thinking("hm"), .text("Sure."), call("f", [:])]
        ),
        ParsingCase(
            "directly after the text, and text after it",
            "Sure.<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\nDone",
            [.text("Sure."), call("f", [:]), .text("\nDone")]
        ),
        ParsingCase(
            "two newlines before it",
            "Sure.\n\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>",
            [.text("Sure.\n"), call("f", [:])]
        ),
        ParsingCase(
            "several",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n"
                + "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 2}}\n</tool_call>",
            [call("f", ["a": 1]), call("f", ["a": 2])]
        ),
        ParsingCase(
            "nested braces, and braces and tags in strings",
            #"<tool_call>\#n{"name": "f", "arguments": {"a": {"b": [{"c": "}{\"\\"}]}, "d": "</tool_call> <tool_call>{"}}\#n</tool_call>!"#,
            [
                call("f", ["a": ["b": [["c": "}{\"\\"]]], "d": "</tool_call> <tool_call>{"]), .text("!"),
            ]
        ),
        ParsingCase(
            "no closing tag at the end of the turn",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}",
            [call("f", ["a": 1])]
        ),
        ParsingCase(
            "no closing tag, the end of the turn after it",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n<|im_end|>",
            [call("f", ["a": 1])]
        ),
        ParsingCase(
            "no closing tag before the next call",
            "<tool_call>\n{\"name\": \"f\"}\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>",
            [call("f", [:]), call("f", ["a": 1])]
        ),
        ParsingCase("no arguments", "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", [call("f", [:])]),
        ParsingCase(
            "arguments as a string",
            #"<tool_call>\#n{"name": "f", "arguments": "{\"a\": 1.0}"}\#n</tool_call>"#,
            [call("f", ["a": .number(JSONNumber(literal: "1.0") ?? 0)])]
        ),
        ParsingCase(
            "arguments before the name",
            "<tool_call>\n{\"arguments\": {\"name\": \"x\"}, \"name\": \"f\"}\n</tool_call>",
            [call("f", ["name": "x"])]
        ),
        ParsingCase(
            "malformed, and the stream goes on",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {]}\n</tool_call>\nSorry.",
            [
                .malformedToolCall(raw: "{\"name\": \"f\", \"arguments\": {]}"), .text("\nSorry."),
            ]
        ),
        ParsingCase(
            "malformed, and the next is good",
            "<tool_call>\n{\"name\": f}\n</tool_call>\n<tool_call>\n{\"name\": \"f\"}\n</tool_call>",
            [
                .malformedToolCall(raw: "{\"name\": f}"), call("f", [:]),
            ]
        ),
        ParsingCase(
            "a string that is never closed",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x}}\n</tool_call>\nSorry.",
            [
                .malformedToolCall(raw: "{\"name\": \"f\", \"arguments\": {\"a\": \"x}}"), .text("\nSorry."),
            ]
        ),
        ParsingCase(
            "a string that is never closed, on one line",
            "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x}}</tool_call>Say \"hello\".<tool_call>{\"name\": \"f\"}</tool_call>",
            [
                .malformedToolCall(raw: "{\"name\": \"f\", \"arguments\": {\"a\": \"x}}"), .text("Say \"hello\"."),
                call("f", [:]),
            ]
        ),
        ParsingCase(
            "no JSON at all",
            "<tool_call>\nf(1)\n</tool_call>\n<tool_call>f(2)</tool_call>",
            [
                .malformedToolCall(raw: "f(1)"), .malformedToolCall(raw: "f(2)"),
            ]
        ),
        ParsingCase(
            "JSON that is no call",
            "<tool_call>\n{\"name\": 1}\n</tool_call><tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
            [
                .malformedToolCall(raw: "{\"name\": 1}"),
                .malformedToolCall(raw: "{\"name\": \"f\", \"arguments\": [1]}"),
            ]
        ),
        ParsingCase(
            "the end of the turn inside of it",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"x<|endoftext|>",
            [
                .malformedToolCall(raw: "{\"name\": \"f\", \"arguments\": {\"a\": \"x")
            ]
        ),
        ParsingCase(
            "a tool that was not declared",
            "<tool_call>\n{\"name\": \"g\", \"arguments\": {\"a\": 1}}\n</tool_call>",
            [
                .unknownTool(ToolCall(name: "g", arguments: ["a": 1]))
            ]
        ),
        ParsingCase(
            "a name that only looks the same",
            "<tool_call>\n{\"name\": \"f\u{301}\"}\n</tool_call>",
            [
                .unknownTool(ToolCall(name: "f\u{301}", arguments: [:]))
            ]
        ),
        ParsingCase(
            "characters spread over tokens",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"🧑‍🚀𓀀é\\ud83d\\ude80\"}}\n</tool_call>",
            [call("f", ["a": "🧑‍🚀𓀀é🚀"])]
        ),
        ParsingCase(
            "a tag of thinking in an argument",
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"<think>\"}}\n</tool_call>",
            [
                call("f", ["a": "<think>"])
            ]
        ),
        ParsingCase(
            "a key twice",
            "<tool_call>\n{\"name\": \"f\", \"name\": \"g\"}\n</tool_call>",
            [
                .malformedToolCall(raw: "{\"name\": \"f\", \"name\": \"g\"}")
            ]
        ),
    ]

    private static func coderCall(_ name: String, _ parameters: (String, String)...) -> String {
        "<tool_call>\n<function=\(name)>\n"
            + parameters.map { "<parameter=\($0)>\n\($1)\n</parameter>\n" }.joined() + "</function>\n</tool_call>"
    }

    private static func coder(_ name: String, _ output: String, _ events: [OutputEvent]) -> ParsingCase {
        ParsingCase(name, output, events, family: .qwen3Coder)
    }

    private static let coderCases: [ParsingCase] = [
        coder("a call without arguments", coderCall("f"), [call("f", [:])]),
        coder(
            "text before it",
            "Sure.\n" + coderCall("typed", ("s", "x")),
            [.text("Sure."), call("typed", ["s": "x"])]
        ),
        coder(
            "several",
            coderCall("f") + "\n" + coderCall("typed", ("s", "x"), ("i", "2")),
            [call("f", [:]), call("typed", ["s": "x", "i": 2])]
        ),
        coder(
            "exactly one newline on each side",
            coderCall("typed", ("s", "\n a\n\nb\n")),
            [
                call("typed", ["s": "\n a\n\nb\n"])
            ]
        ),
        coder(
            "no newlines",
            "<tool_call><function=typed><parameter=s>x</parameter></function></tool_call>",
            [
                call("typed", ["s": "x"])
            ]
        ),
        coder("an empty value", coderCall("typed", ("s", "")) + "\n", [call("typed", ["s": ""]), .text("\n")]),
        coder(
            "values by the schema",
            coderCall(
                "typed",
                ("s", "null"),
                ("i", "12345678901234567890"),
                ("n", "1.0"),
                ("b", "true"),
                ("a", "[1, {\"b\": \"]\"}]"),
                ("o", "{\"a\": 1.50}"),
                ("z", "null"),
                ("si", "null"),
                ("any", "7"),
                ("e", "1"),
                ("r", "3")
            ),
            [
                call(
                    "typed",
                    (try? parsed(
                        """
                        {"s": "null", "i": 12345678901234567890, "n": 1.0, "b": true, "a": [1, {"b": "]"}], "o": {"a": 1.50}, \
                        "z": null, "si": null, "any": 7, "e": "1", "r": 3}
                        """
                    )) ?? nil
                )
            ]
        ),
        coder(
            "values that the schema does not allow",
            coderCall("typed", ("i", "1.5"), ("b", "yes"), ("a", "{}"), ("x", "1")),
            [
                call("typed", ["i": "1.5", "b": "yes", "a": "{}", "x": "1"])
            ]
        ),
        coder(
            "as Python writes them",
            coderCall("typed", ("b", "False"), ("z", "None"), ("s", "True")),
            [
                call("typed", ["b": false, "z": nil, "s": "True"])
            ]
        ),
        coder(
            "closing tags inside of a value",
            coderCall("typed", ("s", "a</parameter>b</tool_call>\n</parameter>\nc</function>"), ("i", "1")),
            [
                call("typed", ["s": "a</parameter>b</tool_call>\n</parameter>\nc</function>", "i": 1])
            ]
        ),
        coder(
            "opening tags inside of a value",
            coderCall("typed", ("s", "<tool_call>\n<function=f>\n<think>")),
            [
                call("typed", ["s": "<tool_call>\n<function=f>\n<think>"])
            ]
        ),
        coder(
            "no closing tag at the end of the turn",
            "<tool_call>\n<function=typed>\n<parameter=s>\nx\n</parameter>\n</function>",
            [call("typed", ["s": "x"])]
        ),
        coder(
            "no closing tag before the next call",
            "<tool_call>\n<function=f>\n</function>\n" + coderCall("f"),
            [call("f", [:]), call("f", [:])]
        ),
        coder(
            "the end of the turn inside of it",
            "<tool_call>\n<function=typed>\n<parameter=s>\nx<|im_end|>",
            [
                .malformedToolCall(raw: "<function=typed>\n<parameter=s>\nx")
            ]
        ),
        coder(
            "a value that is never closed",
            "<tool_call>\n<function=typed>\n<parameter=s>\nx\n</function>\n</tool_call>\nSorry.\n" + coderCall("f"),
            [
                .malformedToolCall(raw: "<function=typed>\n<parameter=s>\nx\n</function>"), .text("\nSorry."),
                call("f", [:]),
            ]
        ),
        coder(
            "something between the parameters",
            "<tool_call>\n<function=f>\nx\n</function>\n</tool_call>\n" + coderCall("f"),
            [
                .malformedToolCall(raw: "<function=f>\nx\n</function>"), call("f", [:]),
            ]
        ),
        coder(
            "no function",
            "<tool_call>\n{\"name\": \"f\"}\n</tool_call>",
            [.malformedToolCall(raw: "{\"name\": \"f\"}")]
        ),
        coder(
            "a parameter twice",
            coderCall("typed", ("s", "x"), ("s", "y")),
            [
                .malformedToolCall(
                    raw: "<function=typed>\n<parameter=s>\nx\n</parameter>\n<parameter=s>\ny\n</parameter>\n</function>"
                )
            ]
        ),
        coder(
            "a tool that was not declared",
            coderCall("g", ("s", "1")),
            [
                .unknownTool(ToolCall(name: "g", arguments: ["s": "1"]))
            ]
        ),
        coder(
            "the tag in prose",
            "Use <tool_call> or <tool_call><fun.",
            [.text("Use <tool_call> or <tool_call><fun.")]
        ),
    ]

    private static let cases = shared + hermes + coderCases

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
        var parser = OutputParser(tokenizer: .qwen, tools: tools)
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
        var parser = TextOutputParser(family: .qwen3, tools: tools)
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
        var parser = TextOutputParser(family: .qwen3Coder, tools: tools)
        let output = Self.coderCall("typed", ("s", "a\"b"), ("n", "1.0"))
        let events = output.unicodeScalars.flatMap { parser.consume(String($0)) }
        let deltas = events.compactMap { if case .toolCallDelta(let text) = $0 { text } else { nil } }
        #expect(deltas == [#"{"s": "a\"b""#, #", "n": 1.0}"#])
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
