public import QwenTokenizer

/// Splits a model's output into thinking and answer, token by token.
///
/// Tags are known by their token ids, not by their text: what the model spells out letter by letter is text, and so is
/// everything of a model whose vocabulary has no thinking tokens. The rules for what belongs to the markup:
///
/// - The newline after `<think>`, the one before `</think>` and the blank line after it are markup, and held back while it
///   is not known whether they are.
/// - An empty block gives no event, and thinking that is never closed stays thinking.
/// - `<think>` opens a block before the answer only; in the middle of an answer it is text, and so is a `</think>` that
///   closes nothing.
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
    private let openingToken: Int?
    private let closingToken: Int?

    /// Creates a parser for one output.
    ///
    /// - Parameters:
    ///   - tokenizer: the vocabulary of the output.
    ///   - startsInThinking: whether the prompt ended in `<think>` and a newline, so that the output begins inside the block.
    public init(tokenizer: Tokenizer, startsInThinking: Bool = false) {
        decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        tracker = MarkupTracker(isThinking: startsInThinking)
        openingToken = tokenizer.id(of: "<think>")
        closingToken = tokenizer.id(of: "</think>")
    }

    /// Whether the output is inside a thinking block at the moment.
    public var isThinking: Bool { tracker.isThinking }

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

    mutating func consume(_ id: Int, into events: inout [OutputEvent]) {
        if id == openingToken {
            tracker.append(decoder.finish(), to: &events)
            tracker.openThinking("<think>", to: &events)
        } else if id == closingToken {
            tracker.append(decoder.finish(), to: &events)
            tracker.closeThinking("</think>", to: &events)
        } else if let text = try? decoder.append(id) {
            tracker.append(text, to: &events)
        }
    }

    mutating func finish(into events: inout [OutputEvent]) {
        tracker.append(decoder.finish(), to: &events)
        tracker.finish(to: &events)
    }
}
