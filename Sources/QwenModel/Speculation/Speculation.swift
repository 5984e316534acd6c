/// How tokens are guessed ahead, so that one pass through the model checks several of them.
///
/// A pass with a few rows costs little more than one with a single row, because both read the weights once. The guesses are
/// computed together with the token before them, and each is kept if it is the token that is chosen there anyway. So the text is
/// the one that comes without guesses, token by token: the likeliest tokens at temperature 0, and with a temperature the same
/// draws for the same seed. (Taking a guess with the probability that the model gives it, and otherwise a token from the rest of
/// the distribution, is what rejection sampling amounts to where the guess is a single token.) Penalties, masks of a constraint,
/// budgets and stop tokens have their say at each token as without guesses.
///
/// Sequences that are decoded together with others are not guessed: their rows share the weights already.
///
/// Source: Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding"; Saxena 2023, "Prompt Lookup
/// Decoding".
public struct Speculation: Sendable, Hashable {
    /// Where guesses come from.
    public enum Method: Sendable, Hashable, CaseIterable {
        /// From what followed the newest tokens where they stood before, in the prompt or the answer. It costs next to nothing
        /// and helps where an answer repeats what is there: quotations, corrections, code, calls of tools, JSON.
        case promptLookup
        /// From a smaller model of the same vocabulary that the engine was given
        /// (``InferenceEngine/init(_:draft:options:)``).
        case draftModel
        /// From the draft model where the engine has one, else from earlier text.
        case automatic
    }

    /// Where guesses come from.
    public var method: Method

    /// The most tokens guessed at a time, 1 to ``largestTokenCount``.
    public var maxTokens: Int

    /// Whether guesses are made only where they pay, by the rate at which earlier ones came true and by what passes with more
    /// rows were seen to cost. Without it every guess is checked.
    public var isAdaptive: Bool

    /// Describes how tokens are guessed.
    ///
    /// - Parameters:
    ///   - method: where guesses come from.
    ///   - maxTokens: the most tokens guessed at a time, 1 to ``largestTokenCount``.
    ///   - isAdaptive: whether guesses are made only where they pay.
    public init(_ method: Method, maxTokens: Int = Self.largestTokenCount, isAdaptive: Bool = true) {
        self.method = method
        self.maxTokens = maxTokens
        self.isAdaptive = isAdaptive
    }

    /// The most tokens that can be guessed at a time: with the token before them the rows that the kernels for few rows take.
    public static let largestTokenCount = 7

    /// From earlier text, where it pays.
    public static let promptLookup = Speculation(.promptLookup)

    /// From the engine's draft model, where it pays.
    public static let draftModel = Speculation(.draftModel)

    /// From the engine's draft model, or from earlier text if it has none, where it pays.
    public static let automatic = Speculation(.automatic)
}
