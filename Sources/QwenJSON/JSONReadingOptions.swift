/// Limits and choices for reading JSON.
public struct JSONReadingOptions: Sendable, Equatable {
    /// The deepest nesting that any reader accepts, whatever ``maximumDepth`` asks for.
    ///
    /// A value is compared, written and released recursively; this bound keeps those within a small thread's stack
    /// (256 KiB in an optimised build).
    public static let deepestNesting = 512

    /// What to do with a `\u` escape that names one half of a surrogate pair.
    public enum LoneSurrogates: Sendable, Equatable {
        /// Refuse the text: such a string has no UTF-8 form.
        case reject
        /// Read U+FFFD, the replacement character, in its place.
        case replace
    }

    /// How deep containers may nest; `[]` has depth 1. Held within 1…``deepestNesting``. 512 unless told.
    public var maximumDepth: Int
    /// How long the text may be, in bytes. 512 MiB unless told.
    public var maximumByteCount: Int
    /// What to do with half a surrogate pair. Refused unless told.
    public var loneSurrogates: LoneSurrogates

    /// Creates options.
    ///
    /// - Parameters:
    ///   - maximumDepth: how deep containers may nest; `[]` has depth 1.
    ///   - maximumByteCount: how long the text may be, in bytes.
    ///   - loneSurrogates: what to do with half a surrogate pair.
    public init(
        maximumDepth: Int = 512,
        maximumByteCount: Int = 512 << 20,
        loneSurrogates: LoneSurrogates = .reject
    ) {
        self.maximumDepth = maximumDepth
        self.maximumByteCount = maximumByteCount
        self.loneSurrogates = loneSurrogates
    }
}
