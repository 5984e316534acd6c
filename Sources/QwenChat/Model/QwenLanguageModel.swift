public import QwenModel
public import QwenTokenizer

/// A model that can be talked to: weights in an engine, the tokenizer, and the template it was trained on.
///
/// Any number of sessions share one; the weights are in memory once. Load a checkpoint with ``load(_:options:progress:)``.
public final class QwenLanguageModel: Sendable {
    /// Computes.
    public let engine: InferenceEngine
    /// Text to token ids and back.
    public let tokenizer: Tokenizer
    /// Conversations to prompts.
    public let template: ChatTemplate
    /// What requests use where the caller says nothing.
    public let defaults: GenerationDefaults
    /// Tokens that end an answer.
    public let stopTokens: Set<Int>

    /// The model's shape.
    public var configuration: ModelConfiguration { engine.configuration }
    /// Whether the model thinks before it answers.
    public let thinkingSupport: ThinkingSupport
    /// The tokens around a thinking block; `nil` if the vocabulary has none.
    let thinkingMarkup: ThinkingMarkup?
    let speedRecord = SpeedRecord()
    let constraintVocabulary = ConstraintVocabulary()

    /// Puts a model together from its parts.
    ///
    /// - Parameters:
    ///   - engine: computes.
    ///   - tokenizer: the vocabulary of the model's token ids.
    ///   - template: the template the model was trained on.
    ///   - generationConfiguration: the contents of the checkpoint's `generation_config.json`, if there is one.
    /// - Throws: ``ModelLoadingError/tokenizerDoesNotFit(tokenizer:model:)`` if the tokenizer has ids that the model lacks.
    public init(
        engine: InferenceEngine,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        generationConfiguration: GenerationConfiguration? = nil
    ) throws(ModelLoadingError) {
        let configuration = engine.configuration
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw .tokenizerDoesNotFit(tokenizer: tokenizer.vocabularySize, model: configuration.vocabularySize)
        }
        self.engine = engine
        self.tokenizer = tokenizer
        self.template = template
        defaults = GenerationDefaults(family: template.family, checkpoint: generationConfiguration)
        thinkingSupport = template.family.thinkingSupport
        thinkingMarkup = thinkingSupport == .never ? nil : ThinkingMarkup(tokenizer)
        // A turn ends at either, whatever the configuration calls the end: it may name just one of them.
        let ends = ["<|im_end|>", "<|endoftext|>"].compactMap(tokenizer.id(of:))
        let configured = generationConfiguration?.eosTokenIDs ?? []
        stopTokens = Set(ends).union(configured).union(configuration.eosTokenIDs)
    }
}
