import Foundation
import QwenModel
import QwenTensor
import Testing

/// Logits, likelihood and greedy text against transformers in float32, on checkpoints of every architecture.
@Suite struct ReferenceLogitsTests {
    @Test func thereAreReferences() {
        #expect(ReferenceModel.all.count >= 6)
    }

    /// A cache of floats leaves only the order of summation to differ: far inside the 2e-3 that the family's users need.
    @Test(arguments: ReferenceModel.all, [512, 1, 7, 64])
    func agreesWithTransformers(_ model: ReferenceModel, chunk: Int) async throws {
        let options = EngineOptions(threadCount: 2, prefillChunk: chunk, keyValueType: .float32)
        try await compare(model, options: options, logits: 2e-4, likelihood: 2e-5)
    }

    /// A cache of halves rounds keys and values to 11 bits.
    @Test(arguments: ReferenceModel.all)
    func agreesWithTransformersWithHalfPrecisionCache(_ model: ReferenceModel) async throws {
        try await compare(model, options: EngineOptions(threadCount: 2), logits: 5e-3, likelihood: 1e-3)
    }

    /// A cache of 8-bit integers, in any chunks. Measured on these random weights: logits off by up to 0.14, the likelihood by up to
    /// 0.014. Where two experts are next to equal, rounding decides between them, and then logits say little.
    @Test(arguments: ReferenceModel.all, [512, 1, 7])
    func staysCloseWithACacheOfIntegers(_ model: ReferenceModel, chunk: Int) async throws {
        let engine = try model.engine(EngineOptions(threadCount: 2, prefillChunk: chunk, keyValueType: .int8))
        for item in try model.cases() {
            let positions = item.rows.map(\.position) + [item.inputIDs.count - 1]
            let result = try await engine.evaluate(item.inputIDs, logitsAt: positions)
            if engine.configuration.mixture == nil {
                for (row, found) in zip(item.rows, result.logits) {
                    #expect(difference(row.logits, Array(found.prefix(row.logits.count))) <= 0.2)
                }
                #expect(difference(item.lastLogits, result.logits[item.rows.count]) <= 0.2)
            }
            if let expected = item.negativeLogLikelihood {
                #expect(abs(try #require(result.negativeLogLikelihood) - expected) <= 0.02)
            }
        }
    }

    @Test(arguments: ReferenceModel.all, [1, 3])
    func agreesOnOtherNumbersOfThreads(_ model: ReferenceModel, threads: Int) async throws {
        let options = EngineOptions(threadCount: threads, keyValueType: .float32)
        try await compare(model, options: options, logits: 2e-4, likelihood: 2e-5)
    }

    /// Products that round their inputs to 8 bits, as llama.cpp's do, are off by no more than llama.cpp's.
    @Test(arguments: ReferenceModel.all, [(512, 2), (1, 2), (7, 1), (512, 3)])
    func staysCloseWithRoundedInputs(_ model: ReferenceModel, _ run: (chunk: Int, threads: Int)) async throws {
        let checkpoint = try Checkpoint(path: model.folder.path)
        let engine = try InferenceEngine(
            ModelWeights(checkpoint.configuration, from: checkpoint.reader(), arithmetic: .fast),
            options: EngineOptions(threadCount: run.threads, prefillChunk: run.chunk)
        )
        for item in try model.cases() {
            let result = try await engine.evaluate(item.inputIDs, logitsAt: [item.inputIDs.count - 1])
            #expect(difference(item.lastLogits, result.logits[0]) <= 0.15)
        }
    }

    /// Products that round their inputs to 16 bits are nearly as close as those with floats.
    @Test(arguments: ReferenceModel.all, [(512, 2), (1, 2), (7, 1), (512, 3)])
    func staysCloserWith16Bits(_ model: ReferenceModel, _ run: (chunk: Int, threads: Int)) async throws {
        let options = EngineOptions(
            threadCount: run.threads,
            prefillChunk: run.chunk,
            keyValueType: .float32,
            arithmetic: .precise
        )
        try await compare(model, options: options, logits: 1e-3, likelihood: 1e-4)
    }

    private func compare(
        _ model: ReferenceModel,
        options: EngineOptions,
        logits tolerance: Float,
        likelihood: Double
    ) async throws {
        let engine = try model.engine(options)
        let cases = try model.cases()
        #expect(!cases.isEmpty)
        for item in cases {
            let last = item.inputIDs.count - 1
            let positions = item.rows.map(\.position) + [last]
            let result = try await engine.evaluate(item.inputIDs, logitsAt: positions)
            #expect(result.logits.count == positions.count)
            for (row, found) in zip(item.rows, result.logits) {
                #expect(difference(row.logits, Array(found.prefix(row.logits.count))) <= tolerance)
            }
            #expect(difference(item.lastLogits, result.logits[positions.count - 1]) <= tolerance)
            if let expected = item.negativeLogLikelihood {
                #expect(abs(try #require(result.negativeLogLikelihood) - expected) <= likelihood)
            }
            let request = GenerationRequest(
                prompt: item.inputIDs,
                sampling: .greedy,
                maxTokens: item.greedy.count
            )
            #expect(try await engine.tokens(request) == item.greedy)
        }
    }

    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
    }
}

extension InferenceEngine {
    /// The tokens of a generation in a context of its own.
    func tokens(_ request: GenerationRequest) async throws -> [Int] {
        try await tokens(request, in: makeContext()).tokens
    }

    /// The tokens and the summary of a generation.
    func tokens(
        _ request: GenerationRequest,
        in context: InferenceContext
    ) async throws -> (tokens: [Int], summary: GenerationSummary?) {
        var tokens: [Int] = []
        var summary: GenerationSummary?
        for try await event in generate(request, in: context) {
            switch event {
            case .token(let token): tokens.append(token.id)
            case .finished(let end): summary = end
            case .prompt, .prefillProgress: break
            }
        }
        return (tokens, summary)
    }
}
