public import QwenModel
public import QwenTokenizer

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

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
    /// When the weights are brought into memory: before the model is used, or while it is, so that the first token comes sooner.
    public var preparation: WeightPreparation
    /// The checkpoint of a smaller model with the same vocabulary, which guesses tokens that the model checks several at a time:
    /// a folder or a GGUF file; `nil` for none. It makes answers faster where it pays and never changes them; see `Speculation`.
    public var draft: URL?

    /// Creates options.
    ///
    /// - Parameters:
    ///   - family: the family of the chat template; `nil` to recognise it.
    ///   - tokenizer: the tokenizer; `nil` to read the checkpoint's.
    ///   - engine: how the engine uses the machine.
    ///   - checksFinite: whether every weight is checked to be a finite number.
    ///   - access: whether the weights are read into memory or used where they lie in the mapped files.
    ///   - preparation: when the weights are brought into memory.
    ///   - draft: the checkpoint of a smaller model that guesses tokens.
    public init(
        family: ChatTemplateFamily? = nil,
        tokenizer: Tokenizer? = nil,
        engine: EngineOptions = EngineOptions(),
        checksFinite: Bool = true,
        access: ReadingOptions.Access = .read,
        preparation: WeightPreparation = .beforeUse,
        draft: URL? = nil
    ) {
        self.family = family
        self.tokenizer = tokenizer
        self.engine = engine
        self.checksFinite = checksFinite
        self.access = access
        self.preparation = preparation
        self.draft = draft
    }
}
