import QwenModel

extension GenerationDefaults {
    /// What the engine is to do for a request.
    ///
    /// - Parameters:
    ///   - prompt: the prompt's token ids.
    ///   - options: the request's own options.
    ///   - thinking: whether the request is one with thinking.
    ///   - stopTokens: tokens that end an answer of this model.
    /// - Returns: the engine's request.
    func request(
        prompt: [Int],
        options: GenerationOptions,
        thinking: Bool,
        stopTokens: Set<Int>
    ) -> GenerationRequest {
        let options = resolve(options, thinking: thinking)
        return GenerationRequest(
            prompt: prompt,
            sampling: options.samplingParameters,
            // Without a maximum the context's end is the limit.
            maxTokens: options.maxTokens ?? .max,
            stopTokens: stopTokens.union(options.stopTokens),
            speculation: options.speculation
        )
    }
}

extension GenerationOptions {
    /// The engine's parameters; what is open is neutral.
    var samplingParameters: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = temperature ?? parameters.temperature
        parameters.topK = topK ?? parameters.topK
        parameters.topP = topP ?? parameters.topP
        parameters.minP = minP ?? parameters.minP
        parameters.repetitionPenalty = repetitionPenalty ?? parameters.repetitionPenalty
        parameters.presencePenalty = presencePenalty ?? parameters.presencePenalty
        parameters.frequencyPenalty = frequencyPenalty ?? parameters.frequencyPenalty
        parameters.logitBias = logitBias
        parameters.seed = seed
        parameters.logProbabilityCount = logProbabilities
        return parameters
    }
}
