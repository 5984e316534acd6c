/// How a JSON Schema is read, and how the JSON that satisfies it is written.
public struct SchemaOptions: Sendable, Equatable {
    /// Whether `format` is enforced.
    public enum Formats: Sendable, Equatable {
        /// The formats of JSON Schema are enforced; those that cannot be are refused. Formats that JSON Schema does not
        /// define are ignored, as it demands.
        case asserted
        /// `format` is ignored.
        case ignored
        /// As the schema's edition says: ignored from 2019-09 on, where `$schema` names the edition; else enforced.
        case byDialect
    }

    /// White space between the parts of JSON.
    public enum Whitespace: Sendable, Equatable {
        /// None, as in `{"a":1,"b":[2,3]}`: the fewest tokens, and the longest runs that need no model.
        case none
        /// One space behind every comma and colon, as in `{"a": 1, "b": [2, 3]}`: how Python's `json.dumps` writes, and
        /// Qwen's templates the calls of tools.
        case spaced
        /// Any that JSON allows, up to 32 characters in one place.
        case flexible
    }

    /// Whether `format` is enforced. Enforced unless told.
    public var formats: Formats
    /// White space between the parts of JSON. None unless told.
    public var whitespace: Whitespace
    /// Whether numbers may be written in every way that JSON allows: `1.0` where a schema asks for integers, zeros at the
    /// end of a fraction, any number of digits. No unless told: Swift's `Int` reads from `1`, and a model that writes
    /// digits may not find an end.
    public var allowsAnyNumberForm: Bool

    /// Creates options.
    ///
    /// - Parameters:
    ///   - formats: whether `format` is enforced.
    ///   - whitespace: white space between the parts of JSON.
    ///   - allowsAnyNumberForm: whether numbers may be written in every way that JSON allows.
    public init(formats: Formats = .asserted, whitespace: Whitespace = .none, allowsAnyNumberForm: Bool = false) {
        self.formats = formats
        self.whitespace = whitespace
        self.allowsAnyNumberForm = allowsAnyNumberForm
    }
}

/// How much a constraint may ask for.
public struct ConstraintLimits: Sendable, Equatable {
    /// How many subschemas, combinations of them included. 20,000 unless told.
    public var maximumNodes: Int
    /// How deep subschemas may depend on one another within one value. 128 unless told.
    public var maximumDepth: Int
    /// How many alternatives an object or array may have. 256 unless told.
    public var maximumAlternatives: Int
    /// How many states the automata may have together. 400,000 unless told.
    public var maximumStates: Int
    /// How many members and elements of alternatives may be looked at to combine them. 2,000,000 unless told, which takes
    /// a second or two.
    public var maximumWork: Int

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - maximumNodes: how many subschemas, combinations of them included.
    ///   - maximumDepth: how deep subschemas may depend on one another within one value.
    ///   - maximumAlternatives: how many alternatives an object or array may have.
    ///   - maximumStates: how many states the automata may have together.
    ///   - maximumWork: how many members and elements of alternatives may be looked at to combine them.
    public init(
        maximumNodes: Int = 20_000,
        maximumDepth: Int = 128,
        maximumAlternatives: Int = 256,
        maximumStates: Int = 400_000,
        maximumWork: Int = 2_000_000
    ) {
        self.maximumNodes = maximumNodes
        self.maximumDepth = maximumDepth
        self.maximumAlternatives = maximumAlternatives
        self.maximumStates = maximumStates
        self.maximumWork = maximumWork
    }
}
