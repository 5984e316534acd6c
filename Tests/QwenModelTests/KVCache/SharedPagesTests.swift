import QwenModel
import QwenTensor
import Testing

/// Sequences that begin alike hold the same pages of keys and values, and none sees what another does.
@Suite struct SharedPagesTests {
    private static let page = InferenceEngine.keyValuePagePositions
    /// A thousand tokens, as instructions may have: three pages and a part of one.
    private static let instructions = RandomModel.prompt(1000)
    private static let wholePages = 1000 / page

    private static let types: [KeyValueType] = [.float16, .int8]

    private static func engine(
        _ type: KeyValueType = .float16,
        retaining bytes: Int = 0,
        chunk: Int = 512
    ) throws -> InferenceEngine {
        try RandomModel.engine(
            EngineOptions(threadCount: 2, prefillChunk: chunk, keyValueType: type, retainedPrefixByteCount: bytes)
        )
    }

    private static func question(_ index: Int) -> [Int] { RandomModel.prompt(5 + index, seed: 7 + index) }

    private static func request(_ prompt: [Int], _ count: Int = 4, _ speculation: Speculation? = nil)
        -> GenerationRequest
    {
        var request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count)
        request.speculation = speculation
        return request
    }

    /// What an engine says that has nothing to share.
    private static func alone(_ prompt: [Int], _ count: Int = 4, _ type: KeyValueType = .float16) async throws -> [Int]
    {
        let engine = try engine(type)
        return try await engine.tokens(request(prompt, count), in: engine.makeContext()).tokens
    }

    /// Waits until the engine's thread has seen that contexts are gone.
    private static func pages(of engine: InferenceEngine, become count: Int) async throws -> Bool {
        for _ in 0..<1000 where engine.keyValuePageCount != count { try await Task.sleep(for: .milliseconds(5)) }
        return engine.keyValuePageCount == count
    }

    @Test(arguments: types)
    func eightSessionsHoldTheirInstructionsOnce(type: KeyValueType) async throws {
        let engine = try Self.engine(type)
        var contexts: [InferenceContext] = []
        for index in 0..<8 {
            let context = try engine.makeContext()
            let (tokens, summary) = try await engine.tokens(
                Self.request(Self.instructions + Self.question(index)),
                in: context
            )
            #expect(try await tokens == Self.alone(Self.instructions + Self.question(index), 4, type))
            // What the questions have in common by chance comes on top.
            #expect(try #require(summary).cachedTokens >= (index == 0 ? 0 : 1000))
            #expect(try #require(summary).cachedTokens < 1003)
            contexts.append(context)
        }
        // Each has the page in which the instructions end for itself.
        #expect(engine.keyValuePageCount == Self.wholePages + 8)
        contexts.removeLast(7)
        #expect(try await Self.pages(of: engine, become: Self.wholePages + 1))
        contexts = []
        #expect(try await Self.pages(of: engine, become: 0))
    }

    /// All ask before any has an answer: each computes a part of what they have in common.
    @Test(arguments: types)
    func eightAtOnceComputeTheirInstructionsOnce(type: KeyValueType) async throws {
        let engine = try Self.engine(type, chunk: 128)
        let contexts = try (0..<8).map { _ in try engine.makeContext() }
        let computed = try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, context) in contexts.enumerated() {
                group.addTask {
                    let prompt = Self.instructions + Self.question(index)
                    let (tokens, summary) = try await engine.tokens(Self.request(prompt), in: context)
                    #expect(try await tokens == Self.alone(prompt, 4, type))
                    return try #require(summary).promptTokens - #require(summary).cachedTokens
                }
            }
            return try await group.reduce(0, +)
        }
        let questions = (0..<8).reduce(0) { $0 + Self.question($1).count }
        // A chunk that is computed while others wait for theirs has some tokens of its own.
        #expect(computed <= 1000 + questions + 8 * 16)
        #expect(engine.keyValuePageCount <= Self.wholePages + 2 * 8)
    }

    @Test func cancellingOneOfEightDisturbsNoOther() async throws {
        let engine = try Self.engine(chunk: 64)
        let prompts = (0..<8).map { Self.instructions + Self.question($0) }
        let tasks = prompts.map { prompt in
            Task { try await engine.tokens(Self.request(prompt, 300), in: engine.makeContext()).tokens }
        }
        tasks[0].cancel()
        try await Task.sleep(for: .milliseconds(20))
        tasks[4].cancel()
        for (index, task) in tasks.enumerated() where index != 0 && index != 4 {
            let tokens = try await task.value
            #expect(tokens.count == 300)
            #expect(try await tokens.prefix(16) == Self.alone(prompts[index], 16)[...])
        }
        for index in [0, 4] { _ = try? await tasks[index].value }
        // And what remains can be used as if nothing had been.
        let (tokens, _) = try await engine.tokens(Self.request(prompts[0], 16), in: engine.makeContext())
        #expect(try await tokens == Self.alone(prompts[0], 16))
        #expect(try await Self.pages(of: engine, become: 0))
    }

    /// Two go on from the middle of a page, in turns.
    @Test(arguments: types)
    func whoWritesIntoASharedPageCopiesIt(type: KeyValueType) async throws {
        let engine = try Self.engine(type)
        let (first, second) = (try engine.makeContext(), try engine.makeContext())
        var (one, other) = (Array(Self.instructions.prefix(40)), Array(Self.instructions.prefix(40)))
        for turn in 0..<3 {
            one += RandomModel.prompt(20, seed: turn)
            other += RandomModel.prompt(20, seed: 50 + turn)
            let tokens = try await engine.tokens(Self.request(one, 12), in: first).tokens
            #expect(try await tokens == Self.alone(one, 12, type))
            one += tokens
            let others = try await engine.tokens(Self.request(other, 12), in: second)
            #expect(try await others.tokens == Self.alone(other, 12, type))
            if turn == 0 { #expect(try #require(others.summary).cachedTokens >= 40) }
            other += others.tokens
        }
        #expect(engine.keyValuePageCount == 2)
    }

    /// A session that forgets (thinking is left out of the next prompt) and goes on differently leaves the other's pages as they are.
    @Test(arguments: [300, 512, 700], types)
    func truncatingLeavesSharedPagesAsTheyAre(_ kept: Int, type: KeyValueType) async throws {
        let engine = try Self.engine(type)
        let (first, second) = (try engine.makeContext(), try engine.makeContext())
        let prompt = Self.instructions + Self.question(0)
        _ = try await engine.tokens(Self.request(prompt), in: first)
        _ = try await engine.tokens(Self.request(prompt), in: second)
        let shorter = Self.instructions.prefix(kept) + RandomModel.prompt(400, seed: 3)
        let (tokens, summary) = try await engine.tokens(Self.request(Array(shorter), 12), in: first)
        #expect(try #require(summary).cachedTokens >= kept)
        #expect(try await tokens == Self.alone(Array(shorter), 12, type))
        let longer = prompt + Self.question(1)
        let (others, othersSummary) = try await engine.tokens(Self.request(longer, 12), in: second)
        #expect(try #require(othersSummary).cachedTokens >= prompt.count)
        #expect(try await others == Self.alone(longer, 12, type))
    }

    /// Guesses that do not come are written behind what is stored, where another may have gone on.
    @Test(arguments: types)
    func rejectedGuessesLeaveSharedPagesAsTheyAre(type: KeyValueType) async throws {
        let engine = try Self.engine(type)
        let (first, second) = (try engine.makeContext(), try engine.makeContext())
        let prompt = Array(Self.instructions.prefix(90) + Self.instructions.prefix(90))
        let guessing = Speculation(.promptLookup, isAdaptive: false)
        let expected = try await Self.alone(prompt, 60, type)
        for context in [first, second, first] {
            let (tokens, summary) = try await engine.tokens(Self.request(prompt, 60, guessing), in: context)
            #expect(try #require(summary).proposedTokens > 0)
            #expect(tokens == expected)
        }
        let longer = prompt + expected + Self.question(2)
        let (tokens, _) = try await engine.tokens(Self.request(longer, 12), in: second)
        #expect(try await tokens == Self.alone(longer, 12, type))
    }

    /// Sequences share across the end of a page as they grow.
    @Test(arguments: types)
    func generatedPagesAreShared(type: KeyValueType) async throws {
        let engine = try Self.engine(type)
        let first = try engine.makeContext()
        let prompt = RandomModel.prompt(Self.page - 20)
        let tokens = try await engine.tokens(Self.request(prompt, 60), in: first).tokens
        let longer = prompt + tokens.dropLast() + Self.question(0)
        let (others, summary) = try await engine.tokens(Self.request(longer), in: engine.makeContext())
        #expect(try #require(summary).cachedTokens >= prompt.count + tokens.count - 1)
        #expect(try await others == Self.alone(longer, 4, type))
    }

    // MARK: Retaining

    @Test func whatWasUsedLastIsRetained() async throws {
        // Keys and values of two layers and heads, 16 halves a row.
        let pageBytes = 2 * 2 * 2 * 16 * 2 * Self.page
        let engine = try Self.engine(retaining: 4 * pageBytes)
        func cached(_ seed: Int) async throws -> Int {
            let prompt = RandomModel.prompt(Self.page + 50, seed: seed)
            let (tokens, summary) = try await engine.tokens(Self.request(prompt), in: engine.makeContext())
            // In memory that others have filled before.
            #expect(try await tokens == Self.alone(prompt))
            return try #require(summary).cachedTokens
        }
        #expect(try await cached(1) == 0)
        #expect(try await cached(2) == 0)
        #expect(try await Self.pages(of: engine, become: 4))
        // All but the last token; its page is copied.
        #expect(try await cached(1) == Self.page + 49)
        #expect(try await Self.pages(of: engine, become: 4))
        #expect(try await cached(3) == 0)
        #expect(try await Self.pages(of: engine, become: 4))
        #expect(try await cached(1) == Self.page + 49)
        #expect(try await cached(2) < Self.page)
    }

    /// Pages of the model without the adapters are none of it with them.
    @Test func nothingIsSharedAcrossAdapters() async throws {
        let engine = try Self.engine(retaining: 1 << 20)
        let context = try engine.makeContext()
        let prompt = Self.instructions + Self.question(0)
        _ = try await engine.tokens(Self.request(prompt), in: context)
        try await engine.attach([])
        let (_, summary) = try await engine.tokens(Self.request(prompt), in: engine.makeContext())
        #expect(try #require(summary).cachedTokens == 0)
        let (tokens, again) = try await engine.tokens(Self.request(prompt), in: context)
        #expect(try #require(again).cachedTokens == prompt.count - 1)
        #expect(try await tokens == Self.alone(prompt))
    }
}
