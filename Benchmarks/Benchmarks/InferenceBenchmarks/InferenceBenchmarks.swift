import Benchmark
import Foundation
import QwenModel

/// Tokens per second.
private let speed = BenchmarkMetric.custom("Tokens per second", polarity: .prefersLarger, useScalingFactor: false)

/// A checkpoint's folder, from the environment: without one, there is nothing to run.
private let path = ProcessInfo.processInfo.environment["QWEN_BENCHMARK_MODEL"]

private let engine = Result {
    let checkpoint = try Checkpoint(path: path ?? "")
    return try InferenceEngine(ModelWeights(checkpoint.configuration, from: checkpoint.reader()))
}

let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, speed],
        warmupIterations: 1,
        maxDuration: .seconds(20),
        maxIterations: 10,
        skip: path == nil
    )

    for count in [64, 512] {
        Benchmark("prefill \(count)", configuration: configuration) { benchmark in
            let engine = try engine.get()
            let summary = try await generate(1, after: count, engine)
            benchmark.measurement(speed, Int(Double(count) / (summary.prefillDuration / .seconds(1))))
        }
    }

    for depth in [1, 1024] {
        Benchmark("decode 32 after \(depth)", configuration: configuration) { benchmark in
            let engine = try engine.get()
            let summary = try await generate(33, after: depth, engine)
            benchmark.measurement(speed, Int(summary.tokensPerSecond ?? 0))
        }
    }
}

/// Generates greedily after a prompt of made-up tokens, with an empty cache.
private func generate(_ count: Int, after depth: Int, _ engine: InferenceEngine) async throws -> GenerationSummary {
    let prompt = (0..<depth).map { ($0 * 7919 + 1) % engine.configuration.vocabularySize }
    let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count, speculation: nil)
    for try await event in engine.generate(request, in: try engine.makeContext()) {
        if case .finished(let summary) = event { return summary }
    }
    throw CancellationError()
}
