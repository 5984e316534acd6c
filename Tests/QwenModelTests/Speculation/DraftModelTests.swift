import Foundation
import QwenModel
import QwenTensor
import Testing

@Suite("A draft model guesses") struct DraftModelTests {
    private static let options = EngineOptions(threadCount: 2, prefillChunk: 16, retainedPrefixByteCount: 0)

    /// A model whose guesses all come true is its own draft; one with other weights is wrong most of the time.
    private static func engine(ownDraft: Bool, _ options: EngineOptions = options) throws -> InferenceEngine {
        let weights = try ModelWeights(RandomModel.configuration, from: RandomModel())
        let other = try ModelWeights(RandomModel.configuration, from: OtherModel())
        return try InferenceEngine(weights, draft: ownDraft ? weights : other, options: options)
    }

    /// The same shape with other numbers.
    private struct OtherModel: WeightSource {
        func tensor(_ name: String, shape: [Int]) throws -> Tensor {
            let tensor = try RandomModel().tensor(name, shape: shape)
            let count = shape.reduce(1, *)
            let storage = try Storage(byteCount: count * 4) { bytes in
                let floats = bytes.bindMemory(to: Float.self)
                let source = tensor.baseAddress.assumingMemoryBound(to: Float.self)
                for index in 0..<count { floats[index] = source[(index + 7) % count] }
            }
            return try Tensor(elementType: .float32, shape: shape, storage: storage)
        }
    }

    private func generate(
        _ engine: InferenceEngine,
        _ request: GenerationRequest,
        _ speculation: Speculation?,
        in context: InferenceContext? = nil
    ) async throws -> (tokens: [Int], summary: GenerationSummary?) {
        var request = request
        request.speculation = speculation
        return try await engine.tokens(request, in: context ?? engine.makeContext())
    }

    @Test(arguments: [true, false], [1, 3, 7])
    func theTextStays(ownDraft: Bool, count: Int) async throws {
        let engine = try Self.engine(ownDraft: ownDraft)
        #expect(engine.hasDraft)
        var sampled = SamplingParameters()
        sampled.temperature = 0.7
        sampled.seed = 3
        for sampling in [SamplingParameters.greedy, sampled] {
            let request = GenerationRequest(prompt: RandomModel.prompt(50), sampling: sampling, maxTokens: 150)
            let plain = try await generate(engine, request, nil)
            let always = Speculation(.draftModel, maxTokens: count, isAdaptive: false)
            let guessed = try await generate(engine, request, always)
            #expect(guessed.tokens == plain.tokens)
            let summary = try #require(guessed.summary)
            #expect(summary.proposedTokens > 20)
            if ownDraft, sampling == .greedy {
                #expect(summary.acceptedTokens >= summary.proposedTokens * 9 / 10)
                #expect(summary.decodeSteps <= 150 / (count + 1) + 10)
            }
            if !ownDraft { #expect(summary.acceptedTokens < summary.proposedTokens / 2) }
            let adaptive = try await generate(engine, request, .automatic)
            #expect(adaptive.tokens == plain.tokens)
        }
    }

    /// Prompts longer than a pass, several turns in a context, and cuts of the conversation.
    @Test func turns() async throws {
        let engine = try Self.engine(ownDraft: true)
        let context = try engine.makeContext()
        var prompt = RandomModel.prompt(100)
        for turn in 0..<5 {
            let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 40)
            let always = Speculation(.draftModel, isAdaptive: false)
            let guessed = try await generate(engine, request, always, in: context)
            #expect(guessed.tokens == (try await generate(engine, request, nil)).tokens)
            #expect(guessed.summary?.acceptedTokens ?? 0 > 20)
            prompt = Array((prompt + guessed.tokens).dropLast(turn == 2 ? 60 : 0)) + [5]
        }
    }

    @Test func severalAtOnce() async throws {
        let engine = try Self.engine(ownDraft: true)
        let requests = (0..<4).map {
            GenerationRequest(prompt: RandomModel.prompt(20 + 30 * $0), sampling: .greedy, maxTokens: 60)
        }
        var alone: [[Int]] = []
        for request in requests { alone.append(try await generate(engine, request, nil).tokens) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await engine.tokens(request)) }
            }
            var all = [[Int]](repeating: [], count: requests.count)
            for try await (index, tokens) in group { all[index] = tokens }
            return all
        }
        #expect(together == alone)
    }

    @Test func toTheEndOfTheContext() async throws {
        let engine = try Self.engine(ownDraft: true)
        let request = GenerationRequest(prompt: RandomModel.prompt(4000), sampling: .greedy, maxTokens: 500)
        let guessed = try await generate(engine, request, Speculation(.draftModel, isAdaptive: false))
        #expect(guessed.summary?.reason == .contextFull)
        #expect(guessed.tokens == (try await generate(engine, request, nil)).tokens)
    }

    @Test func refusesAnotherVocabulary() throws {
        let model = try ModelWeights(RandomModel.configuration, from: RandomModel())
        let other = try #require(ReferenceModel.all.first)
        let checkpoint = try Checkpoint(path: other.folder.path)
        let draft = try ModelWeights(checkpoint.configuration, from: checkpoint.reader())
        let size = draft.configuration.vocabularySize
        #expect(throws: EngineError.draftVocabularyDiffers(draft: size, model: 96)) {
            try InferenceEngine(model, draft: draft)
        }
    }

    @Test func refusesToGuessWithoutADraft() async throws {
        let engine = try RandomModel.engine()
        #expect(!engine.hasDraft)
        let request = GenerationRequest(prompt: [1], maxTokens: 1, speculation: .draftModel)
        await #expect(throws: EngineError.noDraftModel) { _ = try await engine.tokens(request) }
    }
}
