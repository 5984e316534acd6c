/// A part of a prompt, with where it comes from.
///
/// A prompt's scaffold is what a chat template writes; content is what comes from outside: from a user, a tool, or a
/// tool's description. Only scaffold may become control tokens.
public struct PromptSegment: Sendable {
    /// Where a segment comes from.
    public enum Kind: Sendable, Hashable {
        /// Written by the template; an added token's text in it becomes that token.
        case scaffold
        /// From outside; an added token's text in it stays text.
        case content
    }

    /// The segment's text.
    public var text: String

    /// Where it comes from.
    public var kind: Kind

    /// Creates a segment.
    ///
    /// - Parameters:
    ///   - text: the segment's text.
    ///   - kind: where it comes from.
    public init(_ text: String, kind: Kind) {
        self.text = text
        self.kind = kind
    }

    /// A segment that the template wrote.
    ///
    /// - Parameter text: the segment's text.
    /// - Returns: the segment.
    public static func scaffold(_ text: String) -> PromptSegment { PromptSegment(text, kind: .scaffold) }

    /// A segment from outside.
    ///
    /// - Parameter text: the segment's text.
    /// - Returns: the segment.
    public static func content(_ text: String) -> PromptSegment { PromptSegment(text, kind: .content) }
}

extension PromptSegment: Hashable {
    /// Whether two segments have the same kind and the same bytes; canonically equivalent text can have other tokens.
    public static func == (left: PromptSegment, right: PromptSegment) -> Bool {
        left.kind == right.kind && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the kind and the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
