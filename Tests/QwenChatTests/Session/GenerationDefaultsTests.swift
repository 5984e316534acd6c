import QwenChat
import QwenModel
import Testing

@Suite("Where a request says nothing")
struct GenerationDefaultsTests {
    private func configuration(_ json: String) throws -> GenerationConfiguration {
        try Array(json.utf8).withUnsafeBytes { try GenerationConfiguration(parsing: $0, vocabularySize: 1000) }
    }

    @Test("Qwen's recommendation for the mode holds")
    func recommended() {
        let hybrid = GenerationDefaults(family: .qwen3)
        let thinking = hybrid.resolve(GenerationOptions(), thinking: true)
        #expect(thinking.temperature == 0.6 && thinking.topP == 0.95 && thinking.topK == 20 && thinking.minP == 0)
        #expect(thinking.presencePenalty == 0 && thinking.repetitionPenalty == 1 && thinking.maxTokens == 32_768)
        let direct = hybrid.resolve(GenerationOptions(), thinking: false)
        #expect(direct.temperature == 0.7 && direct.topP == 0.8 && direct.topK == 20 && direct.presencePenalty == 1.5)
        let coder = GenerationDefaults(family: .qwen3Coder).resolve(GenerationOptions(), thinking: false)
        #expect(coder.repetitionPenalty == 1.05 && coder.presencePenalty == 0)
        let always = GenerationDefaults(family: .qwen3Thinking2507).resolve(GenerationOptions(), thinking: true)
        #expect(always.maxTokens == 81_920)
    }

    @Test("the checkpoint's values go before it, unless they are greedy")
    func checkpoint() throws {
        let sampling = try configuration(#"{"do_sample": true, "temperature": 0.3, "top_k": 5, "max_new_tokens": 9}"#)
        let resolved = GenerationDefaults(family: .qwen3, checkpoint: sampling).resolve(
            GenerationOptions(),
            thinking: true
        )
        #expect(resolved.temperature == 0.3 && resolved.topK == 5 && resolved.topP == 0.95 && resolved.maxTokens == 9)
        for greedy in [#"{"temperature": 0.3}"#, #"{"do_sample": false, "top_k": 5}"#, "{}"] {
            let defaults = GenerationDefaults(family: .qwen3, checkpoint: try configuration(greedy))
            #expect(defaults == GenerationDefaults(family: .qwen3))
        }
    }

    @Test("the request's own values go before everything")
    func explicit() throws {
        let sampling = try configuration(#"{"do_sample": true, "temperature": 0.3, "top_k": 5}"#)
        let options = GenerationOptions(maxTokens: 3, temperature: 0.1, topK: 1, presencePenalty: 0)
        let resolved = GenerationDefaults(family: .qwen3, checkpoint: sampling).resolve(options, thinking: false)
        #expect(resolved.temperature == 0.1 && resolved.topK == 1 && resolved.presencePenalty == 0)
        #expect(resolved.maxTokens == 3 && resolved.topP == 0.8)
    }

    @Test("greedy is greedy: no default changes what is likeliest")
    func greedy() {
        let resolved = GenerationDefaults(family: .qwen3).resolve(.greedy, thinking: false)
        #expect(resolved.temperature == 0 && resolved.presencePenalty == 0 && resolved.repetitionPenalty == 1)
        #expect(resolved.frequencyPenalty == 0 && resolved.maxTokens == 32_768)
        let explicit = GenerationOptions(temperature: 0, presencePenalty: 1)
        #expect(GenerationDefaults(family: .qwen3).resolve(explicit, thinking: false).presencePenalty == 1)
    }
}
