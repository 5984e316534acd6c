import Foundation
import QwenModel
import QwenTensor
import Testing

/// Models whose experts are read when tokens pass through them give the very bits of those that have all in memory.
@Suite("Experts on demand") struct ExpertsOnDemandTests {
    /// A checkpoint with experts that can be read on demand.
    struct Model: Sendable, CustomTestStringConvertible {
        let path: String
        var testDescription: String { URL(fileURLWithPath: path).lastPathComponent }

        static let carried =
            ["qwen2-moe-bf16", "qwen3-moe-bf16", "qwen3-moe-mixed-f32"].map(Fixtures.path)
            + ["qwen2moe", "qwen3moe"].map { Fixtures.path("GGUF/\($0)/model.gguf") }
        static let oracle =
            Oracle.isPresent
            ? ["qwen3-moe-bf16", "qwen3-moe-mixed-f32"].map { Oracle.path("zoo/" + $0) }
                + ["Q8_0", "Q4_0", "Q4_K_M", "Q6_K"].map { Oracle.path("gguf/qwen3-moe-\($0).gguf") } : []
        static let all = (carried + oracle).map { Model(path: $0) }

        var checkpoint: Checkpoint { get throws { try Checkpoint(path: path) } }

        /// The experts of one token in the largest layer.
        var smallestLimit: Int {
            get throws { try #require(try smallestLimit(.fast)) }
        }

        func smallestLimit(_ arithmetic: Arithmetic) throws -> Int? {
            do {
                let options = EngineOptions(arithmetic: arithmetic, experts: .onDemand(byteLimit: 0))
                _ = try MemoryPlan(checkpoint, options: options)
                return nil
            } catch EngineError.expertLimitTooSmall(byteLimit: 0, let minimum) {
                return minimum
            }
        }

        func engine(
            _ experts: ExpertResidency,
            _ options: EngineOptions = EngineOptions(threadCount: 2, retainedPrefixByteCount: 0),
            preparation: WeightPreparation = .beforeUse,
            access: ReadingOptions.Access = .read
        ) throws -> InferenceEngine {
            let checkpoint = try checkpoint
            var reading = ReadingOptions()
            reading.access = access
            let weights = try ModelWeights(
                checkpoint.configuration,
                from: checkpoint.reader(reading),
                arithmetic: options.arithmetic,
                preparation: preparation,
                experts: experts
            )
            #expect(weights.experts == experts)
            return try InferenceEngine(weights, options: options)
        }

        /// Distinct tokens, so that many experts are needed.
        func prompt(_ count: Int, from first: Int = 0) throws -> [Int] {
            let vocabulary = try checkpoint.configuration.vocabularySize
            return (first..<first + count).map { 3 + ($0 * 37 + $0 * $0 * 11) % (vocabulary - 4) }
        }
    }

    private func expectSame(_ one: InferenceEngine, _ other: InferenceEngine, _ tokens: [Int]) async throws {
        let wanted = try await one.evaluate(tokens, logitsAt: Array(tokens.indices)).logits
        let found = try await other.evaluate(tokens, logitsAt: Array(tokens.indices)).logits
        // Not the numbers themselves, which would fill the report.
        let isSame = found.map { $0.map(\.bitPattern) } == wanted.map { $0.map(\.bitPattern) }
        #expect(isSame)
    }

    private func greedy(_ prompt: [Int], _ count: Int = 24) -> GenerationRequest {
        GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count)
    }

    /// Prompts of one pass and of several, with more experts than the memory holds, and tokens one by one.
    @Test(arguments: Model.all, [1, 3])
    func theSameBits(_ model: Model, threads: Int) async throws {
        let mixture = try #require(model.checkpoint.configuration.mixture)
        let layers = try (0..<model.checkpoint.configuration.layerCount).count { mixture.isSparse(layer: $0) }
        for arithmetic in Arithmetic.allCases {
            let smallest = try #require(try model.smallestLimit(arithmetic))
            // One memory for all layers, a token's experts for each layer, one more, and all.
            let one = smallest / mixture.expertsPerToken
            let limits = [
                smallest, layers * smallest, layers * (smallest + one), layers * mixture.experts * one, .max / 8,
            ]
            for chunk in [7, 512] {
                let options = EngineOptions(
                    threadCount: threads,
                    prefillChunk: chunk,
                    arithmetic: arithmetic,
                    retainedPrefixByteCount: 0
                )
                let resident = try model.engine(.resident, options)
                #expect(resident.expertCounts == nil)
                let tokens = try model.prompt(40)
                let request = greedy(tokens, 12)
                let wanted = try await resident.tokens(request)
                for (index, limit) in limits.enumerated() {
                    let onDemand = try model.engine(.onDemand(byteLimit: limit), options)
                    #expect(onDemand.expertCounts?.used == 0)
                    try await expectSame(resident, onDemand, tokens)
                    #expect(try await onDemand.tokens(request) == wanted)
                    let counts = try #require(onDemand.expertCounts)
                    #expect(counts.used >= counts.read)
                    if index == 0, layers > 1 {
                        // Layer after layer takes the same memory.
                        #expect(counts.read > layers * mixture.experts)
                    } else if index >= 3 {
                        #expect(counts.read <= layers * mixture.experts)
                    }
                }
            }
        }
    }

    /// Rows of several sequences in one pass.
    @Test(arguments: Model.all)
    func severalSequences(_ model: Model) async throws {
        let options = EngineOptions(threadCount: 2, keyValueType: .float32, retainedPrefixByteCount: 0)
        let resident = try model.engine(.resident, options)
        let onDemand = try model.engine(.onDemand(byteLimit: model.smallestLimit), options)
        let requests = try (0..<6).map { greedy(try model.prompt(5 + 4 * $0, from: 13 * $0), 10 + 5 * $0) }
        var alone: [[Int]] = []
        for request in requests { alone.append(try await resident.tokens(request)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await onDemand.tokens(request)) }
            }
            var all = [[Int]](repeating: [], count: requests.count)
            for try await (index, tokens) in group { all[index] = tokens }
            return all
        }
        // Sums in another order can only decide where two logits are next to equal; random weights have such places.
        #expect(zip(alone, together).filter { $0 == $1 }.count >= 5)
        for (alone, together) in zip(alone, together) { #expect(alone.prefix(4) == together.prefix(4)) }
    }

    /// Guesses are checked several at a time, and change nothing.
    @Test(arguments: Model.all)
    func guesses(_ model: Model) async throws {
        let onDemand = try model.engine(.onDemand(byteLimit: model.smallestLimit))
        let text = try model.prompt(24)
        var request = greedy(text + text + text.prefix(9), 40)
        let plain = try await model.engine(.resident).tokens(request)
        request.speculation = Speculation(.promptLookup, isAdaptive: false)
        #expect(try await onDemand.tokens(request) == plain)
    }

    @Test(arguments: Model.all)
    func withWeightsDuringUseAndMappedFiles(_ model: Model) async throws {
        let tokens = try model.prompt(20)
        let resident = try model.engine(.resident)
        let limit = ExpertResidency.onDemand(byteLimit: try 2 * model.smallestLimit)
        let later = try model.engine(limit, preparation: .duringUse)
        let mapped = try model.engine(limit, access: .mapped)
        for _ in 0..<3 {
            try await expectSame(resident, later, tokens)
            try await expectSame(resident, mapped, tokens)
        }
        _ = try await later.measureReadBandwidth()
    }

    // MARK: Memory

    @Test(arguments: Model.all, Arithmetic.allCases)
    func thePlanKeepsTheLimit(_ model: Model, arithmetic: Arithmetic) throws {
        let checkpoint = try model.checkpoint
        func plan(_ experts: ExpertResidency) throws -> MemoryPlan {
            let options = EngineOptions(threadCount: 2, arithmetic: arithmetic, experts: experts)
            return try MemoryPlan(checkpoint, options: options, contextTokens: 10)
        }
        let all = try plan(.resident)
        #expect(all.experts > 0 && all.residentExperts == all.experts)
        let smallest = try #require(try model.smallestLimit(arithmetic))
        for limit in stride(from: smallest, to: all.experts + 2 * smallest, by: max(smallest / 3, 1)) {
            let some = try plan(.onDemand(byteLimit: limit))
            #expect(some.residentExperts <= limit)
            #expect(some.residentExperts > min(limit, all.experts) / 2)
            #expect(some.experts == all.experts)
            #expect(some.weights == all.weights - all.experts + some.residentExperts)
            #expect(some.keysAndValues == all.keysAndValues && some.scratch == all.scratch)
        }
        for limit in [Int.min, -1, 0, smallest - 1] {
            let error = EngineError.expertLimitTooSmall(byteLimit: limit, minimum: smallest)
            #expect(throws: error) { try plan(.onDemand(byteLimit: limit)) }
            let options = EngineOptions(threadCount: 1, arithmetic: arithmetic)
            #expect(throws: error) { try model.engine(.onDemand(byteLimit: limit), options) }
        }
    }

    @Test(arguments: Model.all)
    func automatic(_ model: Model) throws {
        let checkpoint = try model.checkpoint
        let mixture = try #require(checkpoint.configuration.mixture)
        let options = EngineOptions(threadCount: 1)
        func residency(_ available: Int) -> ExpertResidency {
            ExpertResidency.automatic.automatic(checkpoint, mixture, options, available: available)
        }
        let tokens = min(8192, checkpoint.configuration.contextLength)
        var resident = options
        resident.experts = .resident
        let plan = try MemoryPlan(checkpoint, options: resident, contextTokens: tokens)
        #expect(residency(1 << 40) == .resident)
        #expect(residency(2 * plan.total) == .resident)
        #expect(try residency(0) == .onDemand(byteLimit: model.smallestLimit))
        let available = plan.total - plan.experts / 4
        guard case .onDemand(let limit) = residency(available) else {
            Issue.record("all experts in \(available) bytes")
            return
        }
        #expect(try limit == model.smallestLimit || plan.total - plan.experts + limit <= available)
    }

    @Test func thereIsMemory() throws {
        #if os(Linux)
            let available = try #require(AvailableMemory.byteCount)
            #expect(available > 16 << 20 && available <= Int(ProcessInfo.processInfo.physicalMemory))
        #endif
    }

    /// Integers and 8-bit floats with scales of their own are more than one tensor.
    @Test(arguments: ["gptq-4bit-moe", "mlx-4bit-moe"])
    func whatCannotBeReadOnDemand(_ name: String) throws {
        let model = Model(path: Fixtures.path("Quantized/" + name))
        let error = #expect(throws: EngineError.self) { try model.engine(.onDemand(byteLimit: 1 << 30)) }
        guard case .expertNotReadable("model.layers.0.mlp.experts.0.gate_proj.weight") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let checkpoint = try model.checkpoint
        let mixture = try #require(checkpoint.configuration.mixture)
        let options = EngineOptions(threadCount: 1)
        #expect(
            ExpertResidency.automatic.automatic(checkpoint, mixture, options, available: 0) == .resident
        )
    }

    @Test func aModelWithoutExpertsHasThemAll() throws {
        let checkpoint = try Checkpoint(path: Fixtures.path("qwen3-tied-bf16"))
        for experts in [ExpertResidency.onDemand(byteLimit: 0), .automatic] {
            let weights = try ModelWeights(checkpoint.configuration, from: checkpoint.reader(), experts: experts)
            #expect(weights.experts == .resident)
        }
    }
}
