/// A token that stands beside the vocabulary's byte pairs: `<|im_start|>`, `<think>` and the like.
///
/// Where added tokens are recognised, its text becomes this one id; byte pairs never do.
public struct AddedToken: Sendable, Identifiable {
    /// The token's id.
    public let id: Int

    /// The token's text.
    public let content: String

    /// Whether decoding may skip the token: true for `<|im_end|>`, false for `<think>`.
    public let isSpecial: Bool

    /// Whether the token is sought in the text after normalisation rather than before it. No token of Qwen's is.
    public let isNormalized: Bool

    /// The longest text that a token may have, in bytes of UTF-8.
    static let maximumLength = 512

    /// Describes a token.
    ///
    /// - Parameters:
    ///   - id: the token's id.
    ///   - content: the token's text.
    ///   - isSpecial: whether decoding may skip it.
    ///   - isNormalized: whether it is sought after normalisation.
    public init(id: Int, content: String, isSpecial: Bool, isNormalized: Bool = false) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized
    }
}
