import QwenModel
import QwenTokenizer
import Synchronization

/// What the replies of a model tell about its speed; the latest count most.
final class SpeedRecord: Sendable {
    private struct Values {
        var prompt: Double?
        var decoding: Double?
    }

    private let values = Mutex(Values())

    /// The speed so far; `nil` before the first reply.
    var speed: ModelSpeed? {
        values.withLock { values in
            guard let decoding = values.decoding else { return nil }
            // A prompt is computed no slower than token by token.
            return ModelSpeed(promptTokensPerSecond: values.prompt ?? decoding, tokensPerSecond: decoding)
        }
    }

    /// Takes note of a generation, if it was long enough to tell something.
    func note(_ summary: GenerationSummary) {
        let computed = summary.promptTokens - summary.cachedTokens
        let seconds = summary.prefillDuration / .seconds(1)
        values.withLock { values in
            if computed >= 8, seconds > 0 { Self.blend(Double(computed) / seconds, into: &values.prompt) }
            if summary.decodeSteps >= 4, let speed = summary.tokensPerSecond {
                Self.blend(speed, into: &values.decoding)
            }
        }
    }

    private static func blend(_ new: Double, into value: inout Double?) {
        value = value.map { ($0 + new) / 2 } ?? new
    }
}

extension QwenLanguageModel {
    /// How fast the model is on this machine, by its replies so far; `nil` before the first.
    public var speed: ModelSpeed? { speedRecord.speed }

    /// Finds out how fast the model is, by a prompt and an answer of a few tokens in a context of their own.
    ///
    /// - Returns: the speed, with what earlier replies told blended in; `nil` if nothing could be measured.
    /// - Throws: `EngineError`, `TensorError` or `CancellationError`.
    /// - Complexity: about ten passes through the model.
    public func measureSpeed() async throws -> ModelSpeed? {
        let prompt = Array(repeating: tokenizer.encode("The quick brown fox"), count: 8).joined().prefix(16)
        let request = GenerationRequest(prompt: Array(prompt), sampling: .greedy, maxTokens: 8)
        let context = try engine.makeContext(capacity: min(32, configuration.contextLength))
        for try await event in engine.generate(request, in: context) {
            if case .finished(let summary) = event { speedRecord.note(summary) }
        }
        try Task.checkCancellation()
        return speed
    }
}
