/// Splits a model's output into thinking, answer and calls where only text is at hand, as from a model behind an API.
///
/// The text may come in pieces of any size, tags cut anywhere. The rules are those of ``OutputParser``; the one difference
/// is that a tag which the model spelled out letter by letter cannot be told from the real one.
///
/// ```swift
/// var parser = TextOutputParser(family: .qwen3, tools: tools)
/// for delta in deltas { handle(parser.consume(delta)) }
/// handle(parser.finish())
/// ```
public struct TextOutputParser: Sendable {
    private var lexer = TagLexer()
    private var tracker: MarkupTracker

    /// Creates a parser for one output.
    ///
    /// - Parameters:
    ///   - family: the family of the model's template, which decides how calls are written.
    ///   - tools: what the model may call.
    ///   - startsInThinking: whether the prompt ended in `<think>` and a newline, so that the output begins inside the block.
    public init(family: ChatTemplateFamily, tools: [ToolDefinition] = [], startsInThinking: Bool = false) {
        tracker = MarkupTracker(
            isThinking: startsInThinking,
            calls: family.toolCallFormat.map { CallReading(format: $0, tools: tools) }
        )
    }

    /// Whether the output is inside a thinking block at the moment.
    public var isThinking: Bool { tracker.isThinking }
    /// Whether the output is inside a call at the moment.
    public var isInToolCall: Bool { tracker.isInCall }
    /// Whether the last that came is a turn's end, such as `<|im_end|>`, which most servers take out.
    public var isAtEndOfTurn: Bool { lexer.isAtEnd }

    /// Takes the next piece of text.
    ///
    /// - Parameter delta: the text, of any length.
    /// - Returns: what is known by now.
    public mutating func consume(_ delta: String) -> [OutputEvent] {
        var events: [OutputEvent] = []
        for item in lexer.append(delta) { tracker.append(item, to: &events) }
        return events
    }

    /// Ends the output and gives what was held back.
    ///
    /// - Returns: the rest.
    public mutating func finish() -> [OutputEvent] {
        var events: [OutputEvent] = []
        for item in lexer.finish() { tracker.append(item, to: &events) }
        tracker.finish(to: &events)
        return events
    }
}
