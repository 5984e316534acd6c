import QwenModel
import QwenTokenizer

/// The tokens around a thinking block in a model's vocabulary.
struct ThinkingMarkup: Sendable {
    let openingToken: Int
    let closingToken: Int
    /// The early-stop sentence with the closing tag: 24 tokens in Qwen's vocabulary.
    let earlyStop: [Int]
    /// The opening of a block, as the models begin it and as the template of those that always think writes it.
    let opening: [Int]
    /// A block with nothing in it, as the hybrid template writes it.
    let emptyBlock: [Int]

    /// Finds the tokens; `nil` if the vocabulary has no tags.
    init?(_ tokenizer: Tokenizer) {
        guard let opening = tokenizer.id(of: "<think>"), let closing = tokenizer.id(of: "</think>") else { return nil }
        openingToken = opening
        closingToken = closing
        earlyStop = tokenizer.encode(Self.earlyStopText)
        self.opening = tokenizer.encode("<think>\n")
        emptyBlock = tokenizer.encode("<think>\n\n</think>\n\n")
    }

    /// What Qwen puts in when the budget is spent; the models were trained with thinking and without, and answer after it.
    ///
    /// Source: Qwen3 Technical Report, §4.3; the recipe in Qwen's documentation, whose line breaks these are.
    private static let earlyStopText =
        "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
        + "\n</think>\n\n"
}
