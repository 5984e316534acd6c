import QwenModel
import Testing

@Suite struct GenerationConfigurationTests {
    private func read(_ text: String) throws(ConfigurationError) -> GenerationConfiguration {
        let bytes = Array(text.utf8)
        let outcome: Result<GenerationConfiguration, ConfigurationError> = bytes.withUnsafeBytes { bytes in
            do throws(ConfigurationError) {
                return .success(try GenerationConfiguration(parsing: bytes, vocabularySize: 151_936))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// As Qwen3-0.6B publishes it.
    @Test func published() throws {
        let configuration = try read(
            """
            {"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
             "temperature": 0.6, "top_k": 20, "top_p": 0.95, "transformers_version": "4.51.0"}
            """
        )
        #expect(configuration.eosTokenIDs == [151_645, 151_643])
        #expect(configuration.maxNewTokens == nil && configuration.minP == nil)
        let sampling = SamplingParameters(configuration)
        #expect(sampling.temperature == 0.6 && sampling.topK == 20 && sampling.topP == 0.95 && sampling.minP == 0)
        #expect(sampling.repetitionPenalty == 1)
        #expect(throws: Never.self) { try sampling.validate(vocabularySize: 151_936) }
    }

    @Test func withoutSamplingTheLikeliestTokenIsTaken() throws {
        #expect(try SamplingParameters(read("{}")) == .greedy)
        #expect(try SamplingParameters(read(#"{"do_sample": false, "temperature": 0.7}"#)).temperature == 0)
        #expect(try SamplingParameters(read(#"{"do_sample": true}"#)) == SamplingParameters())
    }

    @Test(arguments: [
        #"{"temperature": -1}"#, #"{"temperature": "hot"}"#, #"{"temperature": 1e999}"#, #"{"top_p": 0}"#,
        #"{"top_p": 1.01}"#,
        #"{"top_k": -1}"#, #"{"top_k": 2.5}"#, #"{"min_p": 2}"#, #"{"repetition_penalty": 0}"#,
        #"{"repetition_penalty": -1}"#,
        #"{"eos_token_id": 151936}"#, #"{"eos_token_id": [1, -1]}"#, #"{"max_new_tokens": 0}"#, #"{"do_sample": 1}"#,
        "[]", "{",
    ])
    func refused(text: String) {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }

    /// Whatever is accepted here makes parameters that the sampler accepts.
    @Test func acceptedValuesAreValidParameters() throws {
        for text in [#"{"do_sample": true, "repetition_penalty": 0.01}"#, #"{"do_sample": true, "temperature": 1000}"#]
        {
            #expect(throws: Never.self) { try SamplingParameters(read(text)).validate(vocabularySize: 151_936) }
        }
    }
}
