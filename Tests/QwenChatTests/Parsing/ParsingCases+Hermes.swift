import QwenChat
import QwenJSON

extension ParsingCase {
    static let shared: [ParsingCase] = [
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

    static let hermes: [ParsingCase] = [
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
}
