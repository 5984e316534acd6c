import QwenChat
import QwenJSON
import Testing

@Suite("Messages in JSON form")
struct MessageFormatTests {
    @Test("calls with and without the wrapper, arguments as object, as text and missing")
    func calls() throws {
        let message = try Message(json: [
            "role": "assistant", "content": nil, "reasoning_content": "r",
            "tool_calls": [
                ["type": "function", "id": "c1", "function": ["name": "f", "arguments": ["a": 1]]],
                ["name": "g", "arguments": "{\"b\": 2}"],
                ["name": "h"],
            ],
        ])
        #expect(message.content == .none)
        #expect(message.reasoning == "r")
        #expect(
            message.toolCalls == [
                ToolCall(id: "c1", name: "f", arguments: ["a": 1]),
                ToolCall(name: "g", arguments: "{\"b\": 2}"),
                ToolCall(name: "h", arguments: [:]),
            ]
        )
    }

    @Test("a tool's result")
    func result() throws {
        let message = try Message(json: ["role": "tool", "content": "x", "name": "f", "tool_call_id": "c1"])
        #expect(message == .tool("x", name: "f", callID: "c1"))
    }

    @Test(
        "what cannot be read says where",
        arguments: [
            ("[]", .wrongType(path: "input", expected: "an object")),
            ("{}", .missing(path: "messages")),
            (#"{"messages": [3]}"#, .wrongType(path: "messages[0]", expected: "an object")),
            (#"{"messages": [{"content": ""}]}"#, .missing(path: "messages[0].role")),
            (#"{"messages": [{"role": "wizard"}]}"#, .unknownRole(path: "messages[0].role", role: "wizard")),
            (
                #"{"messages": [{"role": "user", "content": 3}]}"#,
                .wrongType(path: "messages[0].content", expected: "a string, null, or a list of parts")
            ),
            (
                #"{"messages": [{"role": "user", "content": [{"type": "image", "image": "x"}]}]}"#,
                .unsupportedPart(path: "messages[0].content[0]", type: "image")
            ),
            (
                #"{"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}"#,
                .missing(path: "messages[0].tool_calls[0].function.name")
            ),
            (
                #"{"messages": [], "enable_thinking": "yes"}"#,
                .wrongType(path: "enable_thinking", expected: "true or false")
            ),
            (#"{"messages": [], "tools": [{"function": {}}]}"#, .missing(path: "tools[0].function.name")),
        ] as [(String, MessageFormatError)]
    )
    func malformed(json: String, error: MessageFormatError) throws {
        let value = try JSONValue(parsing: json)
        #expect(throws: error) { try ChatTemplate.Input(json: value) }
    }

    @Test("defaults are those of transformers")
    func defaults() throws {
        let input = try ChatTemplate.Input(json: ["messages": [["role": "user", "content": "u"]], "tools": nil])
        #expect(input == ChatTemplate.Input(messages: [.user("u")], addsGenerationPrompt: false))
    }

    @Test("a tool's definition is kept as it was given")
    func tools() throws {
        let bare: JSONValue = ["name": "f", "description": "d", "parameters": ["type": "object"]]
        for json in [bare, ["type": "function", "function": bare]] {
            let tool = try ToolDefinition(json: json)
            #expect(tool.json == json)
            #expect(tool.name == "f" && tool.description == "d" && tool.parameters == ["type": "object"])
        }
        #expect(
            ToolDefinition(name: "f", description: "d", parameters: ["type": "object"]).json
                == ["type": "function", "function": bare]
        )
    }
}
