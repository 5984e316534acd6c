/// What a ``JSONReader`` has just read.
public enum JSONEvent: Sendable, Equatable {
    /// `{`
    case beginObject
    /// `}`
    case endObject
    /// `[`
    case beginArray
    /// `]`
    case endArray
    /// A member's key, with the colon after it; the reader's text is the key.
    case key
    /// A string; the reader's text is its content.
    case string
    /// A number; the reader's text is the literal.
    case number
    /// `true` or `false`
    case bool(Bool)
    /// `null`
    case null
    /// The whole text has been read. Comes again when asked again.
    case end
}
