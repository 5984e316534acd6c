import Dispatch
import QwenModel
import QwenTensor
import Synchronization

/// Takes a checkpoint as far as it goes: the weights into memory, and three tokens through the model.
enum Loading {
    static func run(_ checkpoint: Checkpoint, options: ReadingOptions = ReadingOptions()) {
        let configuration = checkpoint.configuration
        // Opening has compared all weights with the file, so that the file's size bounds the model's.
        guard
            let weights = try? ModelWeights(
                configuration,
                from: checkpoint.reader(options),
                arithmetic: configuration.hiddenSize % 2 == 0 ? .fast : .exact
            )
        else { return }
        evaluate(weights, tokens: [0, configuration.vocabularySize - 1, configuration.vocabularySize / 2])
    }

    static func evaluate(_ weights: ModelWeights, tokens: [Int]) {
        guard let engine = try? InferenceEngine(weights, options: EngineOptions(threadCount: 1, prefillChunk: 4)) else {
            return
        }
        let tokens = Array(tokens.prefix(weights.configuration.contextLength))
        let done = DispatchSemaphore(value: 0)
        Task {
            _ = try? await engine.evaluate(tokens, logitsAt: [tokens.count - 1])
            done.signal()
        }
        done.wait()
    }
}
