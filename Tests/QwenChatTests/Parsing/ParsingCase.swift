import QwenChat
import QwenJSON
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

/// What the cases may call.
let parsingTools = [
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

func call(_ name: String, _ arguments: JSONValue) -> OutputEvent {
    .toolCall(ToolCall(name: name, arguments: arguments))
}

func parsed(_ json: String) throws -> JSONValue { try JSONValue(parsing: json) }
