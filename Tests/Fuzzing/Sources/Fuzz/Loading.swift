import Dispatch
import QwenModel
import QwenTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Takes a checkpoint as far as it goes: the weights into memory, and three tokens through the model.
enum Loading {
    static func run(_ checkpoint: Checkpoint, options: ReadingOptions = ReadingOptions()) {
        let configuration = checkpoint.configuration
        let tokens = [0, configuration.vocabularySize - 1, configuration.vocabularySize / 2]
        evaluate(tokens) {
            // Opening has compared all weights with the file, so that the file's size bounds the model's.
            try? ModelWeights(
                configuration,
                from: checkpoint.reader(options),
                arithmetic: Arithmetic.allCases[configuration.hiddenSize % Arithmetic.allCases.count]
            )
        }
    }

    /// Sends tokens through a model, and waits until the engine's thread has let go of it: whoever looks for leaks before takes
    /// what the thread is about to free for one.
    static func evaluate(_ tokens: [Int], _ load: () -> ModelWeights?) {
        weak var weights: ModelWeights?
        weights = load().map { weights in
            run(weights, tokens: Array(tokens.prefix(weights.configuration.contextLength)))
            return weights
        }
        while weights != nil { sched_yield() }
        for _ in 0..<16 { sched_yield() }
    }

    private static func run(_ weights: ModelWeights, tokens: [Int]) {
        guard let engine = try? InferenceEngine(weights, options: EngineOptions(threadCount: 1, prefillChunk: 4)) else {
            return
        }
        let done = DispatchSemaphore(value: 0)
        Task {
            _ = try? await engine.evaluate(tokens, logitsAt: [tokens.count - 1])
            done.signal()
        }
        done.wait()
    }
}
