import Foundation
import QwenModel
import QwenTensor
import Testing

/// Several sequences at once: what each says, what they share, and that none disturbs another.
@Suite struct BatchTests {
    static let models = ReferenceModel.all.filter {
        $0.folder.deletingLastPathComponent().lastPathComponent == "Fixtures"
    }

    private static func prompts(_ count: Int) -> [[Int]] {
        (0..<count).map { index in (0..<5 + 7 * index).map { 3 + ($0 * 31 + index * 17) % 100 } }
    }

    private func request(_ prompt: [Int], _ count: Int = 24) -> GenerationRequest {
        GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count)
    }

    /// Prompts of different lengths, so that sequences join the batch one after another and leave it too.
    @Test(arguments: models, [(1, KeyValueType.float32), (3, .float32), (1, .int8), (3, .int8)])
    func eightTogetherSayWhatEachSaysAlone(
        _ model: ReferenceModel,
        _ run: (threads: Int, type: KeyValueType)
    ) async throws {
        let options = EngineOptions(threadCount: run.threads, keyValueType: run.type, retainedPrefixByteCount: 0)
        let engine = try model.engine(options)
        let requests = Self.prompts(8).enumerated().map { request($1, 10 + 5 * $0) }
        var alone: [[Int]] = []
        for request in requests { alone.append(try await engine.tokens(request)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { (index, try await engine.tokens(request)) }
            }
            var all = [[Int]](repeating: [], count: requests.count)
            for try await (index, tokens) in group { all[index] = tokens }
            return all
        }
        // Sums in another order can only decide where two logits are next to equal; random weights have such places.
        let same = zip(alone, together).filter { $0 == $1 }.count
        #expect(same >= 7)
        for (alone, together) in zip(alone, together) {
            #expect(alone.count == together.count)
            #expect(alone.prefix(4) == together.prefix(4))
        }
    }

    /// More than one batch's rows.
    @Test func fortyTogether() async throws {
        let engine = try #require(Self.models.first).engine(EngineOptions(threadCount: 2, prefillChunk: 16))
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask { try await engine.tokens(request([3 + index, 5, 7], 20)).count }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [Int](repeating: 20, count: 40))
    }

    @Test func cancellingOneDisturbsNoOther() async throws {
        let engine = try #require(Self.models.first).engine(
            EngineOptions(threadCount: 2, keyValueType: .float32, retainedPrefixByteCount: 0)
        )
        let prompts = Self.prompts(8)
        var alone: [[Int]] = []
        for prompt in prompts { alone.append(try await engine.tokens(request(prompt, 200))) }
        let tasks = prompts.map { prompt in Task { try await engine.tokens(request(prompt, 200)) } }
        let context = try engine.makeContext()
        var seen = 0
        for try await event in engine.generate(request([9, 8, 7, 6], 400), in: context) {
            guard case .token = event else { continue }
            seen += 1
            if seen == 20 { break }
        }
        tasks[3].cancel()
        for (index, task) in tasks.enumerated() where index != 3 {
            let tokens = try await task.value
            #expect(tokens.count == 200)
            #expect(tokens.prefix(16) == alone[index].prefix(16))
        }
    }

    // MARK: Prefixes

    private let instructions = (0..<300).map { 3 + ($0 * 37) % 100 }

    @Test(arguments: [true, false])
    func aSecondSequenceComputesOnlyItsOwnPart(firstIsAlive: Bool) async throws {
        let engine = try #require(Self.models.first).engine(EngineOptions(threadCount: 2, keyValueType: .float32))
        var first: InferenceContext? = try engine.makeContext()
        if let first { _ = try await engine.tokens(request(instructions + [5, 6], 8), in: first) }
        if !firstIsAlive { first = nil }
        let (shared, summary) = try await engine.tokens(request(instructions + [7, 8, 9]), in: engine.makeContext())
        #expect(summary?.cachedTokens == instructions.count)
        _ = first
        // The same from an engine that has nothing to share.
        let fresh = try #require(Self.models.first).engine(EngineOptions(threadCount: 2, keyValueType: .float32))
        let (own, ownSummary) = try await fresh.tokens(request(instructions + [7, 8, 9]), in: fresh.makeContext())
        #expect(ownSummary?.cachedTokens == 0)
        #expect(shared == own)
    }

    @Test func nothingIsKeptWhereNothingMayBe() async throws {
        let engine = try #require(Self.models.first).engine(
            EngineOptions(threadCount: 1, retainedPrefixByteCount: 0)
        )
        _ = try await engine.tokens(request(instructions, 4))
        let (_, summary) = try await engine.tokens(request(instructions, 4), in: engine.makeContext())
        #expect(summary?.cachedTokens == 0)
    }

    @Test func refusesANegativeLimit() throws {
        let model = try #require(Self.models.first)
        #expect(throws: EngineError.invalidOption(name: "retainedPrefixByteCount", value: -1)) {
            try model.engine(EngineOptions(retainedPrefixByteCount: -1))
        }
    }
}
