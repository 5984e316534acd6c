import Qwen

/// Asks a model the items one by one.
struct EvalRunner: Sendable {
    let model: QwenLanguageModel
    /// Whether tokens are drawn as the model's authors recommend, and not the likeliest taken.
    let samples: Bool

    /// Asks an item in one mode; the seed makes a drawn answer repeatable.
    func run(_ item: EvalItem, _ mode: ThinkingMode, seed: UInt64) async throws -> (result: EvalResult, answer: String)
    {
        let clock = ContinuousClock()
        let start = clock.now
        let options = GenerationOptions(temperature: samples ? nil : 0, seed: seed)
        let (text, tokens) =
            item.tools.isEmpty
            ? try await answer(item, mode, options) : try await answerWithTools(item, mode, options)
        let duration = clock.now - start
        var result = EvalResult(set: item.set, steps: item.steps, mode: mode)
        result.right = item.accepts(text) ? 1 : 0
        result.count = 1
        result.tokens = tokens
        result.duration = duration
        return (result, text)
    }

    private func answer(
        _ item: EvalItem,
        _ mode: ThinkingMode,
        _ options: GenerationOptions
    ) async throws -> (String, Int) {
        let session = ChatSession(model, transcript: Transcript(item.messages), options: options)
        let response = try await session.respond(thinking: mode.thinking)
        return (response.text, response.usage.thinkingTokens + response.usage.answerTokens)
    }

    /// The text with its calls as the model wrote them.
    private func answerWithTools(
        _ item: EvalItem,
        _ mode: ThinkingMode,
        _ options: GenerationOptions
    ) async throws -> (String, Int) {
        let input = ChatTemplate.Input(
            messages: item.messages,
            tools: item.tools,
            enableThinking: mode.thinking != .off,
            addsGenerationPrompt: true
        )
        let prompt = try model.template.render(input)
        let resolved = model.defaults.resolve(options, thinking: mode.thinking != .off)
        var sampling = SamplingParameters.greedy
        if samples {
            sampling.temperature = resolved.temperature ?? 1
            sampling.topK = resolved.topK ?? 0
            sampling.topP = resolved.topP ?? 1
        }
        sampling.seed = options.seed
        let request = GenerationRequest(
            prompt: model.tokenizer.encode(segments: prompt.segments),
            sampling: sampling,
            maxTokens: 512,
            stopTokens: model.stopTokens
        )
        var ids: [Int] = []
        for try await event in model.engine.generate(request, in: try model.engine.makeContext()) {
            if case .token(let token) = event { ids.append(token.id) }
        }
        let end = model.tokenizer.id(of: "</think>").flatMap { ids.lastIndex(of: $0) }
        let answer = try model.tokenizer.decode(Array(end.map { ids[($0 + 1)...] } ?? ids[...]))
        return (String(answer.drop { $0 == "\n" }), ids.count)
    }
}
