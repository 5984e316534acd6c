import Foundation
import QwenModel
import QwenTensor
import Testing

@Suite("What a model takes in memory") struct MemoryPlanTests {
    /// The plan reads headings only; the model that is loaded says how much its weights take.
    @Test(arguments: ReferenceModel.all, Arithmetic.allCases)
    func weights(_ model: ReferenceModel, arithmetic: Arithmetic) throws {
        let checkpoint = try Checkpoint(path: model.folder.path)
        let plan = try MemoryPlan(checkpoint, options: EngineOptions(threadCount: 2, arithmetic: arithmetic))
        let weights = try ModelWeights(checkpoint.configuration, from: checkpoint.reader(), arithmetic: arithmetic)
        // Vectors are floats in memory, and quantised safetensors may turn their scales.
        let vectors = 4 * 8 * (checkpoint.configuration.layerCount + 1) * checkpoint.configuration.hiddenSize
        #expect(abs(plan.weights - weights.byteCount) <= vectors + weights.byteCount / 8)
        #expect(plan.storedWeights <= checkpoint.weightByteCount)
        #expect(plan.loadingPeak >= plan.weights)
        #expect(plan.total >= plan.weights + plan.keysAndValues + plan.scratch)
    }

    @Test func growsWithTokensAndSequences() throws {
        let checkpoint = try Checkpoint(path: Fixtures.folder.appending(path: "qwen3-tied-bf16").path)
        let configuration = checkpoint.configuration
        func plan(_ tokens: Int?, _ sequences: Int = 1, _ type: KeyValueType = .float16) throws -> MemoryPlan {
            let options = EngineOptions(threadCount: 2, keyValueType: type)
            return try MemoryPlan(checkpoint, options: options, contextTokens: tokens, sequences: sequences)
        }
        let one = try plan(10)
        // Pages of 256 tokens.
        #expect(one.keysAndValues == configuration.keyValueByteCount(tokens: 256, storedAs: .float16))
        #expect(try plan(256).keysAndValues == one.keysAndValues)
        #expect(try plan(257).keysAndValues == 2 * one.keysAndValues)
        #expect(try plan(10, 3).keysAndValues == 3 * one.keysAndValues)
        #expect(try plan(10, 1, .float32).keysAndValues == 2 * one.keysAndValues)
        // Rows of 16 numbers and a scale.
        #expect(try 32 * plan(10, 1, .int8).keysAndValues == 18 * one.keysAndValues)
        #expect(try plan(10, 3).scratch > one.scratch)
        #expect(try plan(10, 3).weights == one.weights)
        #expect(try plan(nil).keysAndValues == one.keysAndValues * ((configuration.contextLength + 255) / 256))
    }

    @Test func refusesWhatCannotBe() throws {
        let checkpoint = try Checkpoint(path: Fixtures.folder.appending(path: "qwen3-tied-bf16").path)
        let maximum = checkpoint.configuration.contextLength
        for tokens in [-1, 0, maximum + 1] {
            #expect(throws: EngineError.invalidCapacity(tokens, maximum: maximum)) {
                try MemoryPlan(checkpoint, contextTokens: tokens)
            }
        }
        for sequences in [-1, 0, 4097, .max] {
            #expect(throws: EngineError.invalidOption(name: "sequences", value: sequences)) {
                try MemoryPlan(checkpoint, sequences: sequences)
            }
        }
    }
}
