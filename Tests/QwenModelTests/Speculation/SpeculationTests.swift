import Foundation
import QwenModel
import QwenTensor
import Testing

/// Guessing changes nothing but the number of passes.
@Suite("With guesses, the same text") struct SpeculationTests {
    /// A prompt whose end has stood in it before.
    private static func prompt(_ vocabulary: Int) -> [Int] {
        let text = (0..<24).map { 3 + ($0 * 29 + $0 * $0 * 7) % (min(vocabulary, 120) - 4) }
        return text + text + text.prefix(9)
    }

    private static let always = Speculation(.promptLookup, isAdaptive: false)

    /// Nothing is shared between generations, so that all of them compute their prompt in one go and to the same bits.
    private static func randomEngine(threads: Int = 2, chunk: Int = 16) throws -> InferenceEngine {
        try RandomModel.engine(
            EngineOptions(threadCount: threads, prefillChunk: chunk, retainedPrefixByteCount: 0)
        )
    }

    /// So that the text is made of few tokens, and runs of them recur.
    private static let fewTokens = Dictionary(uniqueKeysWithValues: (3..<9).map { ($0, Float(60)) })

    /// The first token that is another one in two generations, log-probabilities included; nil for none.
    private func difference(_ one: [GeneratedToken], _ other: [GeneratedToken]) -> String? {
        guard one.count == other.count else { return "\(one.count) and \(other.count) tokens" }
        for (index, pair) in zip(one, other).enumerated() where pair.0 != pair.1 {
            return "\(index): \(pair.0) and \(pair.1)"
        }
        return nil
    }

    /// All that a generation tells of its tokens, bits of log-probabilities included, and its end.
    private func generate(
        _ engine: InferenceEngine,
        _ request: GenerationRequest,
        _ speculation: Speculation?,
        in context: InferenceContext? = nil
    ) async throws -> (tokens: [GeneratedToken], summary: GenerationSummary, cached: Int) {
        var request = request
        request.speculation = speculation
        let context = try context ?? engine.makeContext()
        var tokens: [GeneratedToken] = []
        for try await event in engine.generate(request, in: context) {
            switch event {
            case .token(let token): tokens.append(token)
            case .finished(let summary): return (tokens, summary, context.cachedTokens)
            case .prompt, .prefillProgress: break
            }
        }
        throw CancellationError()
    }

    private static func engine(_ model: ReferenceModel, _ options: EngineOptions) throws -> InferenceEngine {
        let checkpoint = try Checkpoint(path: model.folder.path)
        let weights = try ModelWeights(
            checkpoint.configuration,
            from: checkpoint.reader(),
            arithmetic: options.arithmetic
        )
        return try InferenceEngine(weights, options: options)
    }

    /// The logits have the same bits, so the log-probabilities are compared, not only the tokens.
    @Test(arguments: ReferenceModel.all, [1, 3])
    func onEveryModel(_ model: ReferenceModel, threads: Int) async throws {
        for arithmetic in Arithmetic.allCases {
            let options = EngineOptions(
                threadCount: threads,
                arithmetic: arithmetic,
                retainedPrefixByteCount: 0
            )
            let engine = try Self.engine(model, options)
            var greedy = SamplingParameters.greedy
            greedy.logitBias = Self.fewTokens
            greedy.logProbabilityCount = 2
            var sampled = SamplingParameters()
            sampled.temperature = 0.3
            sampled.topK = 20
            sampled.frequencyPenalty = 0.1
            sampled.logitBias = Self.fewTokens
            sampled.seed = 11
            sampled.logProbabilityCount = 1
            for sampling in [greedy, sampled] {
                let request = GenerationRequest(
                    prompt: Self.prompt(engine.configuration.vocabularySize),
                    sampling: sampling,
                    maxTokens: 48
                )
                let plain = try await generate(engine, request, nil)
                #expect(plain.summary.proposedTokens == 0)
                let guessed = try await generate(engine, request, Self.always)
                #expect(guessed.summary.proposedTokens > 0)
                #expect(difference(guessed.tokens, plain.tokens) == nil)
                #expect(guessed.cached == plain.cached)
                #expect(guessed.summary.decodeSteps + guessed.summary.acceptedTokens == plain.summary.decodeSteps)
            }
        }
    }

    /// Long enough that a head's positions are shared among the threads, which do not divide the heads.
    @Test func farIntoTheContext() async throws {
        let engine = try Self.randomEngine(threads: 3, chunk: 64)
        var sampling = SamplingParameters.greedy
        sampling.logProbabilityCount = 1
        let request = GenerationRequest(prompt: RandomModel.prompt(900), sampling: sampling, maxTokens: 600)
        let plain = try await generate(engine, request, nil)
        let guessed = try await generate(engine, request, Self.always)
        #expect(difference(guessed.tokens, plain.tokens) == nil)
        #expect(guessed.summary.acceptedTokens > 0)
    }

    @Test(arguments: [1, 2, 5, 512])
    func withFewRowsToAPass(chunk: Int) async throws {
        let engine = try Self.randomEngine(chunk: chunk)
        let request = GenerationRequest(prompt: Self.prompt(96), sampling: .greedy, maxTokens: 200)
        let plain = try await generate(engine, request, nil)
        for speculation in [Self.always, .promptLookup, Speculation(.promptLookup, maxTokens: 1, isAdaptive: false)] {
            let guessed = try await generate(engine, request, speculation)
            #expect(guessed.tokens.map(\.id) == plain.tokens.map(\.id))
            if chunk == 1 { #expect(guessed.summary.proposedTokens == 0) }
        }
    }

    // MARK: Ends

    @Test func endsWhereItWouldWithout() async throws {
        let engine = try Self.randomEngine()
        let prompt = Self.prompt(96)
        let all = try await generate(engine, GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 60), nil)
        for count in 1...20 {
            let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count)
            let guessed = try await generate(engine, request, Self.always)
            #expect(guessed.tokens.map(\.id) == all.tokens.prefix(count).map(\.id))
            #expect(guessed.summary.reason == .maxTokens)
            #expect(guessed.cached == prompt.count + count - 1)
        }
        for stop in Set(all.tokens.map(\.id)) {
            let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 60, stopTokens: [stop])
            let plain = try await generate(engine, request, nil)
            let guessed = try await generate(engine, request, Self.always)
            #expect(difference(guessed.tokens, plain.tokens) == nil)
            #expect(guessed.summary.reason == plain.summary.reason)
            #expect(guessed.cached == plain.cached)
        }
        for capacity in prompt.count..<prompt.count + 12 {
            let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 60)
            let guessed = try await generate(engine, request, Self.always, in: engine.makeContext(capacity: capacity))
            #expect(guessed.summary.reason == .contextFull)
            #expect(guessed.cached == capacity)
            #expect(guessed.tokens == Array(all.tokens.prefix(guessed.tokens.count)))
        }
    }

    /// What stays in the cache is what belongs there, guesses that came to nothing included.
    @Test func theNextRequestFindsTheCacheInOrder() async throws {
        let engine = try Self.randomEngine()
        let context = try engine.makeContext()
        var prompt = Self.prompt(96)
        for _ in 0..<6 {
            let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 21)
            let guessed = try await generate(engine, request, Self.always, in: context)
            #expect(guessed.tokens.map(\.id) == (try await generate(engine, request, nil)).tokens.map(\.id))
            prompt += guessed.tokens.map(\.id) + [5]
        }
    }

    // MARK: What steers a generation

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 30])
    func thinkingBudgets(budget: Int) async throws {
        let engine = try Self.randomEngine()
        var sampling = SamplingParameters.greedy
        sampling.logitBias = [94: -.infinity, 95: -.infinity]
        sampling.logProbabilityCount = 1
        let thinking = ThinkingControl(
            openingToken: 94,
            closingToken: 95,
            isOpen: true,
            budget: budget,
            closingTokens: [11, 12, 13, 14, 95, 12],
            emptyBlock: [94, 12, 95, 12]
        )
        let request = GenerationRequest(
            prompt: Self.prompt(96),
            sampling: sampling,
            maxTokens: budget + 20,
            thinking: thinking
        )
        let plain = try await generate(engine, request, nil)
        let guessed = try await generate(engine, request, Self.always)
        #expect(difference(guessed.tokens, plain.tokens) == nil)
        #expect(guessed.summary.thinkingEnd == .budget)
        #expect(guessed.summary.forcedTokens == plain.summary.forcedTokens)
    }

    /// Even and odd tokens in turn, and after every third a token that is forced.
    private struct Alternation: TokenConstraint {
        final class Text: ConstrainedText {
            var count = 0
            var acceptsEnd: Bool { false }
            var isComplete: Bool { count >= 50 }
            func restrict(_ logits: UnsafeMutableBufferPointer<Float>) {
                for token in logits.indices where token % 2 != count % 2 { logits[token] = -.infinity }
            }
            func accept(_ token: Int) -> Bool {
                guard token % 2 == count % 2 else { return false }
                count += 1
                return true
            }
            func forcedTokens() -> [Int] { count % 8 == 3 ? [7, 8] : [] }
        }

        func begin() -> any ConstrainedText { Text() }
    }

    @Test func constraints() async throws {
        let engine = try Self.randomEngine()
        var sampling = SamplingParameters.greedy
        sampling.logProbabilityCount = 1
        let request = GenerationRequest(
            prompt: Self.prompt(96),
            sampling: sampling,
            maxTokens: 100,
            constraint: Alternation()
        )
        let plain = try await generate(engine, request, nil)
        let guessed = try await generate(engine, request, Self.always)
        #expect(plain.summary.forcedTokens > 0)
        #expect(guessed.summary.proposedTokens > 0)
        #expect(difference(guessed.tokens, plain.tokens) == nil)
        #expect(guessed.summary.reason == plain.summary.reason)
    }

    // MARK: Chance

    /// Two samples of what comes second and third, drawn with guesses and without, from other seeds: a χ² test for whether
    /// they come from one distribution.
    @Test func theSameDistribution() async throws {
        let engine = try Self.randomEngine(threads: 1, chunk: 512)
        var counts: [[Int: Int]] = [[:], [:]]
        // Whatever comes first after the last token has come after it before.
        let prompt = (3..<9).flatMap { [95, $0, 3 + $0 * 5 % 6] } + [95]
        var accepted = 0
        var proposed = 0
        let count = 1500
        for seed in 0..<2 * count {
            var sampling = SamplingParameters()
            sampling.temperature = 2
            sampling.topK = 12
            sampling.logitBias = Self.fewTokens
            sampling.seed = UInt64(seed)
            let request = GenerationRequest(prompt: prompt, sampling: sampling, maxTokens: 3)
            let which = seed % 2
            let result = try await generate(engine, request, which == 0 ? nil : Self.always)
            proposed += result.summary.proposedTokens
            accepted += result.summary.acceptedTokens
            counts[which][result.tokens[1].id, default: 0] += 1
            counts[which][1000 + result.tokens[2].id, default: 0] += 1
        }
        #expect(accepted > count / 50)
        #expect(proposed - accepted > count / 50)
        var statistic = 0.0
        var freedom = 0.0
        for key in Set(counts[0].keys).union(counts[1].keys) {
            let (plain, guessed) = (Double(counts[0][key] ?? 0), Double(counts[1][key] ?? 0))
            guard plain + guessed >= 20 else { continue }
            statistic += (plain - guessed) * (plain - guessed) / (plain + guessed)
            freedom += 1
        }
        #expect(freedom >= 8)
        // Mean `freedom`, variance twice that: five deviations.
        #expect(statistic < freedom + 5 * (2 * freedom).squareRoot())
    }

    // MARK: Errors

    @Test(arguments: [0, -1, 8])
    func refusesANumberOfTokensThatCannotBe(count: Int) async throws {
        let engine = try Self.randomEngine()
        let request = GenerationRequest(
            prompt: [1],
            maxTokens: 1,
            speculation: Speculation(.promptLookup, maxTokens: count)
        )
        await #expect(throws: EngineError.invalidOption(name: "speculation.maxTokens", value: count)) {
            _ = try await engine.tokens(request)
        }
    }
}
