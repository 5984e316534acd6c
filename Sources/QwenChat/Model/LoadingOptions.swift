public import QwenModel
public import QwenTokenizer

/// How a checkpoint is loaded.
public struct LoadingOptions: Sendable {
    /// The family of the chat template; `nil` to recognise it.
    public var family: ChatTemplateFamily?
    /// The tokenizer; `nil` to read the checkpoint's.
    public var tokenizer: Tokenizer?
    /// How the engine uses the machine.
    public var engine: EngineOptions
    /// Whether every weight is checked to be a finite number.
    public var checksFinite: Bool
    /// Whether the weights are read into memory or used where they lie in the mapped files.
    public var access: ReadingOptions.Access

    /// Creates options.
    ///
    /// - Parameters:
    ///   - family: the family of the chat template; `nil` to recognise it.
    ///   - tokenizer: the tokenizer; `nil` to read the checkpoint's.
    ///   - engine: how the engine uses the machine.
    ///   - checksFinite: whether every weight is checked to be a finite number.
    ///   - access: whether the weights are read into memory or used where they lie in the mapped files.
    public init(
        family: ChatTemplateFamily? = nil,
        tokenizer: Tokenizer? = nil,
        engine: EngineOptions = EngineOptions(),
        checksFinite: Bool = true,
        access: ReadingOptions.Access = .read
    ) {
        self.family = family
        self.tokenizer = tokenizer
        self.engine = engine
        self.checksFinite = checksFinite
        self.access = access
    }
}
