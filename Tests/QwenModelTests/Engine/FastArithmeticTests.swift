import Foundation
import QwenJSON
import QwenModel
import QwenTensor
import Testing

/// Whole models computed with integers and rounded inputs, against transformers in float32 on the same dequantised weights.
@Suite(.enabled(if: Oracle.isPresent))
struct FastArithmeticTests {
    /// One file for each kind of weights that has kernels of its own, in every architecture.
    static let files = [
        "qwen3-tied-Q8_0", "qwen3-tied-Q4_0", "qwen3-tied-Q4_K_M", "qwen3-tied-Q6_K", "qwen3-tied-BF16",
        "qwen2-bias-Q8_0",
        "qwen2-bias-Q4_0", "qwen2-bias-Q4_K_M", "qwen2-bias-Q6_K", "qwen3-moe-Q8_0", "qwen3-moe-Q4_0",
        "qwen3-moe-Q4_K_M",
        "qwen3-moe-Q6_K",
    ]

    /// Where rounding inputs to 8 bits decides although the margin is larger than 0.05. llama.cpp, which rounds them too, differs
    /// from transformers at the first one as well, and at three more places of these files with margins up to 0.36: near the edge
    /// between two experts a little decides much.
    static let larger = ["qwen3-moe-Q4_K_M": 0.17, "qwen3-tied-Q4_0": 0.08]

    private func engine(_ name: String, _ options: EngineOptions) throws -> InferenceEngine {
        let checkpoint = try Checkpoint(path: Oracle.path("gguf/\(name).gguf"))
        let weights = try ModelWeights(checkpoint.configuration, from: checkpoint.reader(), arithmetic: .fast)
        return try InferenceEngine(weights, options: options)
    }

    /// The likeliest token after each prefix of the oracle's text, wherever the oracle prefers it by more than 0.05: rows one
    /// by one, as decoding takes them, a few at a time, and all together.
    @Test(arguments: files, [1, 8, 512])
    func prefersWhatTheOraclePrefers(_ name: String, chunk: Int) async throws {
        let engine = try engine(name, EngineOptions(threadCount: 2, prefillChunk: chunk))
        let path = Oracle.path("gguf/\(name).json")
        let golden = try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path))))
        var compared = 0
        for item in try #require(golden["cases"]?.array) {
            let prompt = try #require(item["input_ids"]?.array).compactMap(\.int)
            let greedy = try #require(item["greedy"]?.array).compactMap(\.int)
            let margins = try #require(item["greedy_margins"]?.array).compactMap(\.double)
            let positions = greedy.indices.map { prompt.count - 1 + $0 }
            let logits = try await engine.evaluate(prompt + greedy, logitsAt: positions).logits
            for (step, wanted) in greedy.enumerated() where margins[step] > Self.larger[name, default: 0.05] {
                let found = logits[step].indices.max { logits[step][$0] < logits[step][$1] }
                #expect(found == wanted, "step \(step), margin \(margins[step])")
                compared += 1
            }
        }
        #expect(compared >= 20)
    }

    /// Integer products give the same numbers for any number of rows, so the texts are the same to the last token.
    @Test(arguments: ["qwen3-tied-Q8_0", "qwen3-tied-Q4_0", "qwen2-bias-Q8_0"])
    func eightTogetherSayWhatEachSaysAlone(_ name: String) async throws {
        let engine = try engine(name, EngineOptions(threadCount: 2, retainedPrefixByteCount: 0))
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
