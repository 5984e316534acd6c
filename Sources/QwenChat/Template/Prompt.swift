public import QwenTokenizer

/// A rendered conversation: text with its provenance.
///
/// What the template wrote is *scaffold*; what came from outside (texts, reasoning, names and schemas of tools, arguments,
/// results) is *content*. `Tokenizer.encode(segments:)` lets only scaffold become control tokens, so no text in a
/// conversation can end its turn, open another one, or start a call.
public struct Prompt: Sendable, Hashable {
    /// How a prompt hands over to the model.
    public enum Ending: Sendable, Hashable {
        /// The model goes on with whatever it likes: an answer, or a thinking block that it opens itself.
        case plain
        /// The template opened a thinking block, `<think>` and the newline after it: the output begins inside of it.
        case openThinking
    }

    /// The segments in order; neighbours differ in kind, and none is empty.
    public let segments: [PromptSegment]
    /// How the prompt hands over to the model.
    public let ending: Ending

    /// The whole text, as the reference renderer would give it.
    public var text: String {
        segments.map(\.text).joined()
    }

    init(segments: [PromptSegment], ending: Ending) {
        self.segments = segments
        self.ending = ending
    }
}
