import QwenChat
import QwenJSON
import QwenTokenizer

/// A model's output: the events are the same however it is cut, and by tokens. The first byte chooses the family and the
/// beginning, the second the size of the pieces.
enum OutputTarget {
    private static let tools = [
        ToolDefinition(
            name: "weather",
            parameters: ["type": "object", "properties": ["city": ["type": "string"], "days": ["type": "integer"]]]
        ),
        ToolDefinition(name: "f", parameters: [:]),
    ]

    static func prepare() { _ = Tokenizer.qwen }

    static func run(_ input: UnsafeRawBufferPointer) {
        guard input.count >= 2 else { return }
        let families = ChatTemplateFamily.allCases
        let family = families[Int(input[0] >> 1) % families.count]
        let startsInThinking = input[0] % 2 == 1
        let text = String(decoding: input.dropFirst(2), as: UTF8.self)

        func parser() -> TextOutputParser {
            TextOutputParser(family: family, tools: tools, startsInThinking: startsInThinking)
        }
        var whole = parser()
        let expected = joined(whole.consume(text) + whole.finish())
        var pieces = parser()
        var events: [OutputEvent] = []
        let scalars = Array(text.unicodeScalars)
        let size = Int(input[1] % 16) + 1
        for start in stride(from: 0, to: scalars.count, by: size) {
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: scalars[start..<min(start + size, scalars.count)])
            events += pieces.consume(String(piece))
        }
        events += pieces.finish()
        precondition(joined(events) == expected, "Pieces of another size give other events.")

        var byToken = OutputParser(
            tokenizer: .qwen,
            family: family,
            tools: tools,
            startsInThinking: startsInThinking
        )
        var tokenEvents: [OutputEvent] = []
        for id in Tokenizer.qwen.encode(text) + [Int.max, -1] { tokenEvents += byToken.consume(id) }
        tokenEvents += byToken.finish()
        for events in [expected, tokenEvents] { checkCalls(events) }
    }

    /// The events with neighbouring pieces of the same kind put together.
    private static func joined(_ events: [OutputEvent]) -> [OutputEvent] {
        var result: [OutputEvent] = []
        for event in events {
            switch (result.last, event) {
            case (.thinking(let before)?, .thinking(let more)): result[result.count - 1] = .thinking(before + more)
            case (.text(let before)?, .text(let more)): result[result.count - 1] = .text(before + more)
            case (.toolCallDelta(let before)?, .toolCallDelta(let more)):
                result[result.count - 1] = .toolCallDelta(before + more)
            default: result.append(event)
            }
        }
        return result
    }

    /// A call that is announced ends before anything else comes, and only announced calls have arguments.
    private static func checkCalls(_ events: [OutputEvent]) {
        var isAnnounced = false
        for event in events {
            switch event {
            case .toolCallStarted:
                precondition(!isAnnounced, "A call begins inside of another one.")
                isAnnounced = true
            case .toolCallDelta:
                precondition(isAnnounced, "Arguments without a call.")
            case .toolCall, .unknownTool:
                precondition(isAnnounced, "A call that was not announced.")
                isAnnounced = false
            case .malformedToolCall: isAnnounced = false
            case .thinking, .text: precondition(!isAnnounced, "Text inside of a call.")
            }
        }
        precondition(!isAnnounced, "A call was announced and not ended.")
    }
}
