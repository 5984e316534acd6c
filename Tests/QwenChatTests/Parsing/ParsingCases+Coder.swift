import QwenChat
import QwenJSON

extension ParsingCase {
    static func coderCall(_ name: String, _ parameters: (String, String)...) -> String {
        "<tool_call>\n<function=\(name)>\n"
            + parameters.map { "<parameter=\($0)>\n\($1)\n</parameter>\n" }.joined() + "</function>\n</tool_call>"
    }

    private static func coder(_ name: String, _ output: String, _ events: [OutputEvent]) -> ParsingCase {
        ParsingCase(name, output, events, family: .qwen3Coder)
    }

    static let coderCases: [ParsingCase] = [
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
}
