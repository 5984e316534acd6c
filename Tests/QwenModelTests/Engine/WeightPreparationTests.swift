import Foundation
import QwenModel
import QwenTensor
import Testing

/// Models whose weights come into memory while they are used.
@Suite struct WeightPreparationTests {
    private func engine(
        _ path: String,
        _ preparation: WeightPreparation,
        chunk: Int = 512,
        arithmetic: Arithmetic = .fast
    ) throws -> InferenceEngine {
        let checkpoint = try Checkpoint(path: path)
        let pool = try WorkerPool(workerCount: 2)
        let weights = try ModelWeights(
            checkpoint.configuration,
            from: checkpoint.reader(),
            arithmetic: arithmetic,
            pool: pool,
            preparation: preparation
        )
        return try InferenceEngine(weights, options: EngineOptions(threadCount: 2, prefillChunk: chunk))
    }

    /// The first pass, which reads the files, the second, before which weights come into memory, and later ones give the same
    /// numbers as a model that was in memory from the beginning.
    @Test(
        arguments: ReferenceModel.all,
        [(Arithmetic.fast, 1), (.fast, 5), (.fast, 512), (.precise, 1), (.precise, 5), (.precise, 512)]
    )
    func nothingElseChanges(_ model: ReferenceModel, _ run: (arithmetic: Arithmetic, chunk: Int)) async throws {
        func engine(_ preparation: WeightPreparation) throws -> InferenceEngine {
            try self.engine(model.folder.path, preparation, chunk: run.chunk, arithmetic: run.arithmetic)
        }
        let ahead = try engine(.beforeUse)
        let later = try engine(.duringUse)
        let tokens = try #require(model.cases().first).inputIDs
        let positions = Array(tokens.indices)
        let wanted = try await ahead.evaluate(tokens, logitsAt: positions)
        for _ in 0..<3 {
            let found = try await later.evaluate(tokens, logitsAt: positions)
            #expect(found.logits.map { $0.map(\.bitPattern) } == wanted.logits.map { $0.map(\.bitPattern) })
        }
        let request = GenerationRequest(prompt: tokens, sampling: .greedy, maxTokens: 12)
        #expect(try await later.tokens(request) == ahead.tokens(request))
        let third = try engine(.duringUse)
        #expect(try await third.tokens(request) == ahead.tokens(request))
        _ = try await third.measureReadBandwidth()
        #expect(try await third.tokens(request) == ahead.tokens(request))
    }

    /// What cannot be read is an error of the request that needs it, and of the next one too.
    @Test func fileThatShrinks() async throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let original = Fixtures.folder.appending(path: "GGUF/qwen3-all-types/model.gguf")
        let contents = try Data(contentsOf: original)
        try folder.write(contents, to: "model.gguf")
        let path = folder.path + "/model.gguf"
        let engine = try engine(path, .duringUse)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: UInt64(contents.count / 2))
        for _ in 0..<2 {
            await expectShrunk { _ = try await engine.evaluate([3, 4, 5], logitsAt: [2]) }
        }
        await expectShrunk { _ = try await engine.measureReadBandwidth() }
        // As soon as the file is whole again, so is the model.
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: contents)
        try handle.close()
        let other = try self.engine(original.path, .beforeUse)
        let wanted = try await other.evaluate([3, 4, 5], logitsAt: [2]).logits
        // Weights may have been looked for meanwhile, and the failure is told to the next one that asks.
        let found = try? await engine.evaluate([3, 4, 5], logitsAt: [2]).logits
        #expect(try await engine.evaluate([3, 4, 5], logitsAt: [2]).logits == wanted)
        if let found { #expect(found == wanted) }
    }

    private func expectShrunk(_ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("the file was too short")
        } catch CheckpointError.fileShrank {
        } catch {
            Issue.record("\(error)")
        }
    }

    /// With weights before use nothing is left to be read.
    @Test func filesAreNotNeededAfterwards() async throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let original = Fixtures.folder.appending(path: "GGUF/qwen3-all-types/model.gguf")
        try folder.write(Data(contentsOf: original), to: "model.gguf")
        let path = folder.path + "/model.gguf"
        let engine = try engine(path, .beforeUse)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: 16)
        try handle.close()
        #expect(try await engine.evaluate([3, 4, 5], logitsAt: [2]).logits[0].allSatisfy(\.isFinite))
    }

    /// Loading looks at every number; a model that is read later does so when it reads.
    @Test(arguments: [WeightPreparation.beforeUse, .duringUse])
    func numbersThatAreNotFinite(_ preparation: WeightPreparation) async throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let original = Fixtures.folder.appending(path: "GGUF/qwen3-all-types/model.gguf")
        var contents = try Data(contentsOf: original)
        let checkpoint = try Checkpoint(path: original.path)
        let tensors = try #require(checkpoint.gguf?.tensors)
        let tensor = try #require(tensors.first { $0.type.description == "Q8_0" && $0.name.hasPrefix("blk") })
        // The scale of the third block becomes NaN.
        contents[tensor.fileRange.lowerBound + 2 * 34 + 1] = 0x7E
        try folder.write(contents, to: "model.gguf")
        let path = folder.path + "/model.gguf"
        let expected = CheckpointError.notFinite(name: tensor.name, index: 64)
        if preparation == .beforeUse {
            #expect(throws: expected) { try engine(path, preparation) }
        } else {
            let engine = try engine(path, preparation)
            await #expect(throws: expected) { try await engine.evaluate([3, 4, 5], logitsAt: [2]) }
        }
    }
}
