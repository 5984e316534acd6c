/// Holds the answer of a generation to a form, token by token.
///
/// The constraint begins with the answer: behind the thinking block where there is one. Until then the tokens that end a
/// generation are forbidden where an answer is owed.
public protocol TokenConstraint: Sendable {
    /// Whether the generation must not end before the constraint's text is whole, which then follows the thinking at once.
    /// True unless told.
    var isOwed: Bool { get }

    /// Begins a text. Called on the engine's thread, which alone uses what is returned.
    func begin() -> any ConstrainedText
}

extension TokenConstraint {
    /// An answer is owed.
    public var isOwed: Bool { true }
}

/// One text that is held to a form.
public protocol ConstrainedText: AnyObject {
    /// Whether the text may end here.
    var acceptsEnd: Bool { get }

    /// Whether the text must end here.
    var isComplete: Bool { get }

    /// Excludes the tokens that must not come next, by setting their logits to negative infinity.
    ///
    /// - Parameter logits: one for each token.
    func restrict(_ logits: UnsafeMutableBufferPointer<Float>)

    /// Takes the next token.
    ///
    /// - Parameter token: its id.
    /// - Returns: false where it must not come; the text is as before then.
    func accept(_ token: Int) -> Bool

    /// The tokens that come next because nothing else can; they have not been taken yet.
    func forcedTokens() -> [Int]
}
