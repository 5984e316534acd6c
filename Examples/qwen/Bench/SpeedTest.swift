import Qwen

/// Measures an engine after a given number of tokens of context.
struct SpeedTest {
    /// What a test measured.
    struct Result {
        enum Kind {
            case prefill
            case decode
            case batch(sequences: Int)
        }

        let kind: Kind
        /// Tokens in one run.
        let tokens: Int
        /// Tokens of context before.
        let depth: Int
        /// How long each run took.
        let durations: [Duration]

        /// How fast the weights could be read right before each run, in 10⁹ bytes per second; empty where it was not measured.
        var readBandwidths: [Double] = []

        /// Tokens per second in each run.
        var speeds: [Double] { durations.map { Double(tokens) / ($0 / .seconds(1)) } }
        var speed: Statistics { Statistics(speeds) }
    }

    let engine: InferenceEngine
    let depth: Int
    /// Whether each test runs once unmeasured before.
    let warmsUp: Bool

    private var unmeasured: Int { warmsUp ? 1 : 0 }

    /// Computes prompt tokens in one go.
    func prefill(_ count: Int, repetitions: Int) async throws -> Result {
        let context = try engine.makeContext()
        var tokens = RandomTokens(vocabularySize: engine.configuration.vocabularySize)
        let before = tokens.next(depth)
        if depth > 0 { _ = try await run(before, generating: 1, in: context) }
        var durations: [Duration] = []
        for _ in 0..<unmeasured + repetitions {
            // The cache keeps what came before and gives up the last run's tokens, since these are others.
            let summary = try await run(before + tokens.next(count), generating: 1, in: context)
            guard summary.promptTokens - summary.cachedTokens == count else { throw SpeedTestError.unexpectedCache }
            durations.append(summary.prefillDuration)
        }
        return Result(kind: .prefill, tokens: count, depth: depth, durations: Array(durations.dropFirst(unmeasured)))
    }

    /// Computes tokens one after another.
    func decode(_ count: Int, repetitions: Int) async throws -> Result {
        let context = try engine.makeContext()
        var tokens = RandomTokens(vocabularySize: engine.configuration.vocabularySize)
        let before = tokens.next(max(depth, 1))
        var bandwidths: [Double] = []
        var durations: [Duration] = []
        for _ in 0..<unmeasured + repetitions {
            bandwidths.append(try await engine.measureReadBandwidth())
            // The first token comes out of the prompt's pass; each of the others takes a pass of its own.
            let summary = try await run(before, generating: count + 1, in: context)
            guard summary.decodeSteps == count else { throw SpeedTestError.unexpectedEnd(steps: summary.decodeSteps) }
            durations.append(summary.decodeDuration)
        }
        return Result(
            kind: .decode,
            tokens: count,
            depth: depth,
            durations: Array(durations.dropFirst(unmeasured)),
            readBandwidths: Array(bandwidths.dropFirst(unmeasured))
        )
    }

    /// Computes tokens of several sequences at the same time.
    func batch(_ sequences: Int, of count: Int, repetitions: Int) async throws -> Result {
        let contexts = try (0..<sequences).map { _ in try engine.makeContext() }
        var tokens = RandomTokens(vocabularySize: engine.configuration.vocabularySize)
        let prompts = contexts.map { _ in tokens.next(max(depth, 1)) }
        var durations: [Duration] = []
        for _ in 0..<unmeasured + repetitions {
            let slowest = try await withThrowingTaskGroup(of: GenerationSummary.self) { group in
                for (prompt, context) in zip(prompts, contexts) {
                    group.addTask { try await run(prompt, generating: count + 1, in: context) }
                }
                // The first to begin waits for the prompts of the others and is the slowest: its time is everybody's.
                var slowest = Duration.zero
                for try await summary in group {
                    guard summary.decodeSteps == count else {
                        throw SpeedTestError.unexpectedEnd(steps: summary.decodeSteps)
                    }
                    slowest = max(slowest, summary.decodeDuration)
                }
                return slowest
            }
            durations.append(slowest)
        }
        return Result(
            kind: .batch(sequences: sequences),
            tokens: sequences * count,
            depth: depth,
            durations: Array(durations.dropFirst(unmeasured))
        )
    }

    private func run(
        _ prompt: [Int],
        generating count: Int,
        in context: InferenceContext
    ) async throws -> GenerationSummary {
        let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count, speculation: nil)
        for try await event in engine.generate(request, in: context) {
            if case .finished(let summary) = event { return summary }
        }
        throw CancellationError()
    }
}

/// A test cannot be run, or a run was not what it was meant to be, so that its time means nothing.
enum SpeedTestError: Error, CustomStringConvertible {
    case contextTooSmall(Int)
    case unexpectedCache
    case unexpectedEnd(steps: Int)

    var description: String {
        switch self {
        case .contextTooSmall(let tokens): "The model's context of \(tokens) tokens is too small for this test."
        case .unexpectedCache: "The cache held other tokens than it should; the measurement is void."
        case .unexpectedEnd(let steps): "The context was full after \(steps) steps; the measurement is void."
        }
    }
}

/// Random token ids, the same in every run of the program, no two calls beginning alike.
private struct RandomTokens {
    let vocabularySize: Int
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var first = 0

    init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
    }

    mutating func next(_ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        first = (first + 1) % vocabularySize
        return [first]
            + (1..<count).map { _ in
                // Marsaglia's xorshift: any spread will do.
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return Int(state % UInt64(vocabularySize))
            }
    }
}
