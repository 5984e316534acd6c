public import QwenTokenizer

/// Splits a model's output into thinking, answer and calls, token by token.
///
/// Tags are known by their token ids, not by their text: what the model spells out letter by letter is text, and so is
/// everything of a model whose vocabulary has no such tokens. The rules for what belongs to the markup:
///
/// - The newline after `<think>`, the one before `</think>` and the blank line after it are markup, and so are a newline
///   before `<tool_call>` and the newlines inside its tags; they are held back while it is not known whether they are.
/// - An empty block gives no event, and thinking that is never closed stays thinking; a call inside of it is thinking.
/// - `<think>` opens a block before the answer only; in the middle of an answer it is text, and so is a `</think>` that
///   closes nothing.
/// - A `<tool_call>` opens a call if what follows begins as a call does, or if it stands in a line of its own; in the middle
///   of a sentence it is text.
/// - A `</tool_call>` inside a string or a parameter is a part of it. A call without one counts at the end of the output if
///   it is complete.
/// - What stands in a call's place and cannot be read is given as it is, and the output goes on after it.
///
/// Special tokens such as `<|im_start|>` and ids outside the vocabulary give no text, as in the reference's decoding.
///
/// ```swift
/// var parser = OutputParser(tokenizer: tokenizer, startsInThinking: prompt.ending == .openThinking)
/// for id in output { handle(parser.consume(id)) }
/// handle(parser.finish())
/// ```
public struct OutputParser: Sendable {
    private var decoder: StreamingDecoder
    private var tracker: MarkupTracker
    private let tags: [Int: Markup]

    /// Creates a parser for one output.
    ///
    /// - Parameters:
    ///   - tokenizer: the vocabulary of the output.
    ///   - family: the family of the model's template, which decides how calls are written.
    ///   - tools: what the model may call.
    ///   - startsInThinking: whether the prompt ended in `<think>` and a newline, so that the output begins inside the block.
    public init(
        tokenizer: Tokenizer,
        family: ChatTemplateFamily = .qwen3,
        tools: [ToolDefinition] = [],
        startsInThinking: Bool = false
    ) {
        decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        tracker = MarkupTracker(
            isThinking: startsInThinking,
            calls: family.toolCallFormat.map { CallReading(format: $0, tools: tools) }
        )
        var tags: [Int: Markup] = [:]
        for tag in Markup.allCases { if let id = tokenizer.id(of: tag.rawValue) { tags[id] = tag } }
        self.tags = tags
    }

    /// Whether the output is inside a thinking block at the moment.
    public var isThinking: Bool { tracker.isThinking }
    /// Whether the output is inside a call at the moment.
    public var isInToolCall: Bool { tracker.isInCall }

    /// Takes the next token.
    ///
    /// - Parameter id: the token's id.
    /// - Returns: what is known by now; often nothing, as while a character is incomplete.
    public mutating func consume(_ id: Int) -> [OutputEvent] {
        var events: [OutputEvent] = []
        consume(id, into: &events)
        return events
    }

    /// Ends the output and gives what was held back.
    ///
    /// - Returns: the rest.
    public mutating func finish() -> [OutputEvent] {
        var events: [OutputEvent] = []
        finish(into: &events)
        return events
    }

    /// Forgets the beginning of a character whose end will never come.
    package mutating func dropIncompleteCharacter() {
        _ = decoder.finish()
    }

    mutating func consume(_ id: Int, into events: inout [OutputEvent]) {
        if let tag = tags[id] {
            appendText(decoder.finish(), to: &events)
            tracker.append(.tag(tag), to: &events)
        } else if let text = try? decoder.append(id) {
            appendText(text, to: &events)
        }
    }

    mutating func finish(into events: inout [OutputEvent]) {
        appendText(decoder.finish(), to: &events)
        tracker.finish(to: &events)
    }

    private mutating func appendText(_ text: String, to events: inout [OutputEvent]) {
        if !text.isEmpty { tracker.append(.text(text), to: &events) }
    }
}
