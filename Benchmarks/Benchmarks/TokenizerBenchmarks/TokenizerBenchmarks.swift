import Benchmark
import QwenTokenizer

/// Bytes of text per second, in MB (10⁶ bytes).
private let speed = BenchmarkMetric.custom("Text (MB/s)", polarity: .prefersLarger, useScalingFactor: false)

let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, speed],
        warmupIterations: 3,
        maxDuration: .seconds(5),
        maxIterations: 1000
    )

    for (name, texts) in [("source code", SampleText.sourceCode), ("many languages", SampleText.manyLanguages)] {
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        Benchmark("encode, \(name)", configuration: configuration) { benchmark in
            let duration = ContinuousClock().measure {
                for text in texts { blackHole(Tokenizer.qwen.encode(text)) }
            }
            benchmark.measurement(speed, Int(Double(bytes) / 1e6 / (duration / .seconds(1))))
        }

        let ids = texts.map { Tokenizer.qwen.encode($0) }
        Benchmark("decode, \(name)", configuration: configuration) { benchmark in
            let duration = try ContinuousClock().measure {
                for ids in ids { blackHole(try Tokenizer.qwen.decode(ids)) }
            }
            benchmark.measurement(speed, Int(Double(bytes) / 1e6 / (duration / .seconds(1))))
        }
    }
}
