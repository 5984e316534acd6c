import Benchmark
import QwenTensor

/// Bytes of weights per second, in MB (10⁶ bytes).
private let bandwidth = BenchmarkMetric.custom("Weights (MB/s)", polarity: .prefersLarger, useScalingFactor: false)

/// The matrices of Qwen3-0.6B: outputs × inputs.
private let shapes: [(name: String, outputs: Int, inputs: Int)] = [
    ("query", 2048, 1024), ("attention output", 1024, 2048), ("up", 3072, 1024), ("down", 1024, 3072),
    ("output layer", 151_936, 1024),
]

let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, bandwidth],
        warmupIterations: 2,
        maxDuration: .seconds(3),
        maxIterations: 1000
    )

    // The wall: what the same threads read when they do nothing with it. Both are measured in one run, because the
    // machine's share of memory bandwidth changes with its neighbours.
    Benchmark("plain read", configuration: configuration) { benchmark in
        let memory = try WeightMemory.shared.get()
        let duration = ContinuousClock().measure { memory.read() }
        benchmark.measurement(bandwidth, Int(Double(memory.byteCount) / 1e6 / (duration / .seconds(1))))
    }

    for shape in shapes {
        Benchmark("BF16 \(shape.name) \(shape.outputs)×\(shape.inputs)", configuration: configuration) { benchmark in
            let products = try MatrixProducts(outputs: shape.outputs, inputs: shape.inputs)
            benchmark.startMeasurement()
            let duration = ContinuousClock().measure { products.run() }
            benchmark.stopMeasurement()
            benchmark.measurement(bandwidth, Int(Double(products.byteCount) / 1e6 / (duration / .seconds(1))))
        }
    }
}
