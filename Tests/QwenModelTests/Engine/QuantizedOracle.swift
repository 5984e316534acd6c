import Foundation
import QwenJSON
import QwenModel
import QwenTensor
import Testing

/// Quantised files with transformers' greedy answers in float32 on the same dequantised weights.
struct QuantizedOracle: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    /// One file for each kind of weights that has kernels of its own, in every architecture.
    static let all = [
        "qwen3-tied-Q8_0", "qwen3-tied-Q4_0", "qwen3-tied-Q4_K_M", "qwen3-tied-Q6_K", "qwen3-tied-BF16",
        "qwen2-bias-Q8_0", "qwen2-bias-Q4_0", "qwen2-bias-Q4_K_M", "qwen2-bias-Q6_K", "qwen3-moe-Q8_0",
        "qwen3-moe-Q4_0", "qwen3-moe-Q4_K_M", "qwen3-moe-Q6_K",
    ].map { QuantizedOracle(name: $0) }

    /// A token that the oracle chose.
    struct Choice {
        let step: Int
        /// How much larger its logit is than the second.
        let margin: Double
        /// Whether the engine prefers it too.
        let isShared: Bool
    }

    func engine(_ options: EngineOptions) throws -> InferenceEngine {
        let checkpoint = try Checkpoint(path: Oracle.path("gguf/\(name).gguf"))
        let weights = try ModelWeights(
            checkpoint.configuration,
            from: checkpoint.reader(),
            arithmetic: options.arithmetic
        )
        return try InferenceEngine(weights, options: options)
    }

    /// The likeliest token after each prefix of the oracle's text, wherever its margin is larger than `smallest`.
    func choices(of engine: InferenceEngine, marginsAbove smallest: Double) async throws -> [Choice] {
        let path = Oracle.path("gguf/\(name).json")
        let golden = try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path))))
        var choices: [Choice] = []
        for item in try #require(golden["cases"]?.array) {
            let prompt = try #require(item["input_ids"]?.array).compactMap(\.int)
            let greedy = try #require(item["greedy"]?.array).compactMap(\.int)
            let margins = try #require(item["greedy_margins"]?.array).compactMap(\.double)
            let positions = greedy.indices.map { prompt.count - 1 + $0 }
            let logits = try await engine.evaluate(prompt + greedy, logitsAt: positions).logits
            for (step, wanted) in greedy.enumerated() where margins[step] > smallest {
                let found = logits[step].indices.max { logits[step][$0] < logits[step][$1] }
                choices.append(Choice(step: step, margin: margins[step], isShared: found == wanted))
            }
        }
        return choices
    }
}
