public import QwenModel

/// What a model's requests use where the caller says nothing.
///
/// For each value the first of these that says something decides: the request's options; the checkpoint's
/// `generation_config.json`, unless it asks for greedy decoding; what Qwen recommends for the family and the mode.
/// Source: the model cards of Qwen3, Qwen3-2507, Qwen3-Coder and Qwen2.5.
public struct GenerationDefaults: Sendable, Hashable {
    /// What a request with thinking uses.
    public let thinking: GenerationOptions
    /// What a request without thinking uses.
    public let direct: GenerationOptions

    /// Finds the defaults of a checkpoint.
    ///
    /// - Parameters:
    ///   - family: whose recommendations hold.
    ///   - checkpoint: the contents of the checkpoint's `generation_config.json`, if there is one.
    public init(family: ChatTemplateFamily, checkpoint: GenerationConfiguration? = nil) {
        thinking = Self.overridden(Self.recommended(for: family, thinking: true), by: checkpoint)
        direct = Self.overridden(Self.recommended(for: family, thinking: false), by: checkpoint)
    }

    /// Fills in what a request leaves open.
    ///
    /// Temperature 0 takes the likeliest token always; the defaults then add neither penalties nor limits, which would make
    /// it another token.
    ///
    /// - Parameters:
    ///   - options: the request's own options.
    ///   - isThinking: whether the request is one with thinking.
    /// - Returns: options whose maximum, temperature, limits and penalties are all set.
    public func resolve(_ options: GenerationOptions, thinking isThinking: Bool) -> GenerationOptions {
        var defaults = isThinking ? thinking : direct
        if options.temperature == 0 { defaults = Self.neutral(maxTokens: defaults.maxTokens) }
        return options.filling(from: defaults).filling(from: Self.neutral(maxTokens: nil))
    }

    private static func neutral(maxTokens: Int?) -> GenerationOptions {
        GenerationOptions(
            maxTokens: maxTokens,
            temperature: 1,
            topK: 0,
            topP: 1,
            minP: 0,
            repetitionPenalty: 1,
            presencePenalty: 0,
            frequencyPenalty: 0
        )
    }

    private static func recommended(for family: ChatTemplateFamily, thinking: Bool) -> GenerationOptions {
        var options = GenerationOptions(temperature: 0.7, topK: 20, topP: 0.8, minP: 0)
        if thinking {
            options.temperature = 0.6
            options.topP = 0.95
        }
        switch family {
        case .qwen3, .qwen3Early:
            options.maxTokens = 32_768
            if !thinking { options.presencePenalty = 1.5 }
        case .qwen3Thinking2507:
            options.maxTokens = 81_920
        case .qwen3Instruct2507:
            options.maxTokens = 16_384
        case .qwen3Coder, .qwen3CoderEarly:
            options.maxTokens = 65_536
            options.repetitionPenalty = 1.05
        case .qwen25:
            options.maxTokens = 8_192
            options.repetitionPenalty = 1.05
        case .chatML, .smolLM2:
            options.maxTokens = 32_768
        }
        return options
    }

    private static func overridden(
        _ options: GenerationOptions,
        by checkpoint: GenerationConfiguration?
    ) -> GenerationOptions {
        guard let checkpoint, checkpoint.doSample == true, checkpoint.temperature != 0 else { return options }
        return GenerationOptions(
            maxTokens: checkpoint.maxNewTokens,
            temperature: checkpoint.temperature,
            topK: checkpoint.topK,
            topP: checkpoint.topP,
            minP: checkpoint.minP,
            repetitionPenalty: checkpoint.repetitionPenalty
        ).filling(from: options)
    }
}

extension GenerationOptions {
    /// These options, with what they leave open taken from others.
    func filling(from others: GenerationOptions) -> GenerationOptions {
        var filled = self
        filled.maxTokens = maxTokens ?? others.maxTokens
        filled.temperature = temperature ?? others.temperature
        filled.topK = topK ?? others.topK
        filled.topP = topP ?? others.topP
        filled.minP = minP ?? others.minP
        filled.repetitionPenalty = repetitionPenalty ?? others.repetitionPenalty
        filled.presencePenalty = presencePenalty ?? others.presencePenalty
        filled.frequencyPenalty = frequencyPenalty ?? others.frequencyPenalty
        return filled
    }
}
