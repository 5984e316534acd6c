import Benchmark
import QwenGrammar
import QwenJSON
import QwenTokenizer

/// How long a schema takes to compile, in nanoseconds.
private let compilation = BenchmarkMetric.custom("Compilation (ns)", useScalingFactor: false)
/// How long it takes to find the tokens that may come next and to take the next one, in nanoseconds; with Qwen's whole
/// vocabulary, and nothing remembered from another text or schema.
private let mask = BenchmarkMetric.custom("Mask (ns)", useScalingFactor: false)

let benchmarks: @Sendable () -> Void = {
    let samples = SampleSchemas.all

    Benchmark("arrange the vocabulary", configuration: .init(metrics: [.wallClock], maxIterations: 20)) { benchmark in
        blackHole(TokenVocabulary(.qwen))
    }

    Benchmark("compile", configuration: .init(metrics: [compilation], maxIterations: 1)) { benchmark in
        for sample in samples {
            let duration = ContinuousClock().measure {
                blackHole(try? CompiledConstraint(.jsonSchema(sample.schema)))
            }
            benchmark.measurement(compilation, Int(duration / .nanoseconds(1)))
        }
    }

    Benchmark("mask", configuration: .init(metrics: [mask], maxIterations: 1)) { benchmark in
        for sample in samples {
            guard let constraint = try? CompiledConstraint(.jsonSchema(sample.schema)) else { continue }
            let matcher = ConstraintMatcher(constraint, vocabulary: .qwen)
            for instance in sample.instances where constraint.accepts(instance) {
                matcher.startAgain()
                for token in Tokenizer.qwen.encode(utf8: instance, addedTokens: .disabled) {
                    let duration = ContinuousClock().measure {
                        blackHole(matcher.allowedTokens())
                        blackHole(matcher.accept(token))
                    }
                    benchmark.measurement(mask, Int(duration / .nanoseconds(1)))
                }
            }
        }
    }
}
