/// Why an answer ended.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    /// The model ended its turn.
    case stop
    /// As many tokens were generated as the request allows.
    case length
    /// The context holds no further token.
    case contextFull
}
