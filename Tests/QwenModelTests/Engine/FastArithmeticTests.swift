import QwenModel
import QwenTensor
import Testing

/// Whole models computed with integers and rounded inputs, against transformers in float32 on the same dequantised weights.
@Suite(.enabled(if: Oracle.isPresent))
struct FastArithmeticTests {
    /// In how many rows a prompt is computed: one by one, as decoding takes them, a few at a time, and all together.
    static let chunks = [1, 8, 512]

    /// What the oracle prefers clearly is preferred, but for few positions.
    ///
    /// 8 bits for each input are a relative error of about half a per cent for each product, and small models' logits are off by up
    /// to 0.1 then; where a mixture chooses another expert by it, by more. So margins up to that may be decided otherwise, and which
    /// ones are depends on the order of float additions elsewhere, on the processor that is. Measured with AVX2: 1 to 3 of 404
    /// positions, with margins up to 0.16. llama.cpp, which rounds inputs in the same way, differs at margins up to 0.36.
    @Test(arguments: chunks)
    func prefersWhatTheOraclePrefers(chunk: Int) async throws {
        var compared = 0
        var differing: [String] = []
        for model in QuantizedOracle.all {
            let engine = try model.engine(EngineOptions(threadCount: 2, prefillChunk: chunk, arithmetic: .fast))
            let choices = try await model.choices(of: engine, marginsAbove: 0.05)
            #expect(choices.count >= 20)
            compared += choices.count
            for choice in choices where !choice.isShared {
                differing.append("\(model.name), step \(choice.step): \(choice.margin)")
                #expect(choice.margin <= 0.35, "\(model.name), step \(choice.step)")
            }
        }
        #expect(50 * differing.count <= compared, "\(differing) of \(compared)")
    }

    /// 16-bit inputs decide nothing clear otherwise than floats do. Measured with AVX2 and keys and values as floats: margins are off
    /// by up to 0.0007, and by up to 0.23 after a token whose two closest experts are so near one another that a mixture chooses the
    /// other: one file of four, with chunks of one row. 16-bit keys and values add 0.003, and a case like that in another mixture.
    @Test(arguments: QuantizedOracle.all, chunks)
    func preciselyPrefersWhatTheOraclePrefers(_ model: QuantizedOracle, chunk: Int) async throws {
        for type in [KeyValueType.float32, .float16] {
            let engine = try model.engine(
                EngineOptions(threadCount: 2, prefillChunk: chunk, keyValueType: type, arithmetic: .precise)
            )
            let choices = try await model.choices(of: engine, marginsAbove: 0.05)
            #expect(choices.count >= 20)
            for choice in choices {
                #expect(choice.isShared, "\(type), step \(choice.step), margin \(choice.margin)")
            }
        }
    }

    /// Integer products give the same numbers for any number of rows, and routers are computed row by row, so the texts are the
    /// same to the last token.
    @Test(
        arguments: QuantizedOracle.all.filter { !$0.name.contains("BF16") },
        [Arithmetic.fast, .precise]
    )
    func eightTogetherSayWhatEachSaysAlone(_ model: QuantizedOracle, arithmetic: Arithmetic) async throws {
        let engine = try model.engine(
            EngineOptions(threadCount: 2, arithmetic: arithmetic, retainedPrefixByteCount: 0)
        )
        let requests = (0..<8).map { index in
            let prompt = (0..<5 + 7 * index).map { 3 + ($0 * 31 + index * 17) % 100 }
            return GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 40)
        }
        var alone: [[Int]] = []
        for request in requests { alone.append(try await engine.tokens(request)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await engine.tokens(request)) }
            }
            var all = [[Int]](repeating: [], count: requests.count)
            for try await (index, tokens) in group { all[index] = tokens }
            return all
        }
        #expect(together == alone)
    }
}
