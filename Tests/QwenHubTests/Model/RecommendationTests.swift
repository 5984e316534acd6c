import QwenChat
import QwenHub
import Testing

@Suite struct RecommendationTests {
    /// Sizes of published files in gigabytes, as their pages list them; a file has some megabytes beside its weights.
    @Test(arguments: [
        ("Qwen3-0.6B", PublishedQuantization.q8_0, 0.639), ("Qwen3-1.7B", .q8_0, 1.83), ("Qwen3-4B", .q8_0, 4.28),
        ("Qwen3-4B", .q4_K_M, 2.50), ("Qwen3-8B", .bf16, 16.39), ("Qwen3-8B", .q8_0, 8.71), ("Qwen3-8B", .q6_K, 6.73),
        ("Qwen3-8B", .q5_K_M, 5.85), ("Qwen3-8B", .q4_K_M, 5.03), ("Qwen3-14B", .q4_K_M, 9.00),
        ("Qwen3-32B", .q4_K_M, 19.76), ("Qwen3-30B-A3B", .q8_0, 32.48), ("Qwen3-30B-A3B", .q4_K_M, 18.56),
    ])
    func sizesAreThoseOfThePublishedFiles(name: String, quantization: PublishedQuantization, gigabytes: Double) throws {
        let model = try #require(PublishedModel.all.first { $0.name == name })
        let computed = Double(model.weightByteCount(quantization)) / 1e9
        #expect(abs(computed / gigabytes - 1) < 0.015, "\(computed)")
    }

    @Test func theLargestThatFitsIsTaken() throws {
        func name(_ gigabytes: Double) -> String? {
            QwenLanguageModel.recommended(for: Int(gigabytes * 1e9))?.reference
        }
        #expect(name(0.5) == nil)
        #expect(name(2.2) == "Qwen/Qwen3-0.6B-GGUF:Q8_0")
        #expect(name(3.2) == "Qwen/Qwen3-1.7B-GGUF:Q8_0")
        #expect(name(4.1) == "Qwen/Qwen3-4B-GGUF:Q4_K_M")
        #expect(name(6.8) == "Qwen/Qwen3-8B-GGUF:Q4_K_M")
        #expect(name(24) == "Qwen/Qwen3-30B-A3B-GGUF:Q5_K_M")
        #expect(name(70) == "Qwen/Qwen3-30B-A3B")
        #expect(QwenLanguageModel.recommended(for: .max, contextTokens: .max) == nil)
        #expect(QwenLanguageModel.recommended(for: -1) == nil)
    }

    @Test func whatIsRecommendedCanBeAskedFor() throws {
        for model in PublishedModel.all {
            for quantization in PublishedQuantization.allCases {
                #expect(throws: Never.self) { try ModelReference(model.reference(quantization)) }
            }
            // Fewer bits are fewer bytes.
            let sizes = PublishedQuantization.allCases.map(model.weightByteCount)
            #expect(sizes == sizes.sorted(by: >))
        }
        let found = try #require(QwenLanguageModel.recommended(for: 8_000_000_000))
        #expect(found.memoryByteCount <= 8_000_000_000)
        #expect(found.weightByteCount < found.memoryByteCount)
    }
}
