import QwenModel
import Testing

@Suite("The engine ends a thinking block")
struct ThinkingControlTests {
    private static let closing = [11, 12, 13, 14, 95, 12]

    private func control(_ budget: Int?, isOpen: Bool = true, signal: AnswerNowSignal? = nil) -> ThinkingControl {
        // No token of these prompts' answers: the block ends by the budget alone.
        ThinkingControl(
            openingToken: 94,
            closingToken: 95,
            isOpen: isOpen,
            budget: budget,
            closingTokens: Self.closing,
            emptyBlock: [94, 12, 95, 12],
            answerNow: signal
        )
    }

    private func request(_ prompt: [Int], _ maxTokens: Int, _ thinking: ThinkingControl? = nil) -> GenerationRequest {
        var sampling = SamplingParameters.greedy
        sampling.logitBias = [94: -.infinity, 95: -.infinity]
        return GenerationRequest(prompt: prompt, sampling: sampling, maxTokens: maxTokens, thinking: thinking)
    }

    @Test("after the budget, as two generations one after the other would", arguments: [1, 2, 7, 30], [1, 4, 512])
    func twoGenerations(budget: Int, chunk: Int) async throws {
        let engine = try RandomModel.engine(EngineOptions(threadCount: 2, prefillChunk: chunk))
        let prompt = RandomModel.prompt(20)
        let thought = try await engine.tokens(request(prompt, budget))
        let answer = try await engine.tokens(request(prompt + thought + Self.closing, 9))
        let context = try engine.makeContext()
        let all = budget + Self.closing.count + 9
        let (tokens, summary) = try await engine.tokens(request(prompt, all, control(budget)), in: context)
        #expect(tokens == thought + Self.closing + answer)
        #expect(summary?.thinkingEnd == .budget)
        #expect(summary?.forcedTokens == Self.closing.count)
        #expect(summary?.generatedTokens == all)
        // The last token is handed out and not computed.
        #expect(context.cachedTokens == prompt.count + all - 1)
        // And what is in the cache is what it says.
        let more = try await engine.tokens(request(prompt + tokens, 5), in: context)
        #expect(more.summary?.cachedTokens == prompt.count + all - 1)
        #expect(more.tokens == (try await engine.tokens(request(prompt + tokens, 5))))
    }

    @Test("at once where the budget is 0")
    func nothing() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(20)
        for isOpen in [true, false] {
            let forced = isOpen ? Self.closing : [94, 12, 95, 12]
            let answer = try await engine.tokens(request(prompt + forced, 5))
            let (tokens, summary) = try await engine.tokens(
                request(prompt, forced.count + 5, control(0, isOpen: isOpen)),
                in: engine.makeContext()
            )
            #expect(tokens == forced + answer)
            #expect(summary?.thinkingEnd == .budget)
        }
    }

    @Test("not where the model ends it, also with the last token of the budget")
    func byItself() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(20)
        let free = try await engine.tokens(request(prompt, 30))
        var control = control(6)
        control.closingToken = free[5]
        let expected = free.firstIndex(of: free[5]) == 5
        #expect(expected)
        let (tokens, summary) = try await engine.tokens(request(prompt, 30, control), in: engine.makeContext())
        #expect(tokens == free)
        #expect(summary?.thinkingEnd == .model)
        #expect(summary?.forcedTokens == 0)
    }

    @Test("not where there is none")
    func noBlock() async throws {
        let engine = try RandomModel.engine()
        let free = try await engine.tokens(request(RandomModel.prompt(20), 30))
        let (tokens, summary) = try await engine.tokens(
            request(RandomModel.prompt(20), 30, control(3, isOpen: false)),
            in: engine.makeContext()
        )
        #expect(tokens == free)
        #expect(summary?.thinkingEnd == nil)
    }

    @Test("which the output opens")
    func opened() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(20)
        let free = try await engine.tokens(request(prompt, 4))
        var control = control(4, isOpen: false)
        control.openingToken = free[0]
        let (tokens, summary) = try await engine.tokens(request(prompt, 12, control), in: engine.makeContext())
        #expect(tokens.prefix(10) == (free + Self.closing)[...])
        #expect(summary?.thinkingEnd == .budget)
    }

    @Test("within maxTokens and the context")
    func limits() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(20)
        let thought = try await engine.tokens(request(prompt, 4))
        for count in 1...10 {
            let (tokens, summary) = try await engine.tokens(
                request(prompt, count, control(4)),
                in: engine.makeContext()
            )
            #expect(tokens == Array((thought + Self.closing).prefix(count)))
            #expect(summary?.reason == .maxTokens)
            #expect(summary?.thinkingEnd == (count <= 4 ? .unfinished : .budget))
            let small = try engine.makeContext(capacity: 20 + count)
            let (filling, full) = try await engine.tokens(request(prompt, 100, control(4)), in: small)
            #expect(filling.prefix(10) == (thought + Self.closing).prefix(count + 1))
            #expect(filling.count == count + 1)
            #expect(full?.reason == .contextFull)
            #expect(small.cachedTokens <= 20 + count)
        }
    }

    @Test("when it is told to, before or in the middle")
    func answerNow() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(20)
        let before = AnswerNowSignal()
        before.raise()
        let early = try await engine.tokens(
            request(prompt, 8, control(nil, isOpen: false, signal: before)),
            in: engine.makeContext()
        )
        #expect(early.tokens.prefix(4) == [94, 12, 95, 12])
        #expect(early.summary?.thinkingEnd == .answerNow)

        let signal = AnswerNowSignal()
        let stream = engine.generate(request(prompt, 4000, control(nil, signal: signal)), in: try engine.makeContext())
        var tokens: [GeneratedToken] = []
        for try await event in stream {
            guard case .token(let token) = event else { continue }
            tokens.append(token)
            if tokens.count == 3 { signal.raise() }
            if token.source == .thinkingControl, token.id == 12, tokens.last?.id == 12, tokens.count > 8 { break }
        }
        let forced = try #require(tokens.firstIndex { $0.source == .thinkingControl })
        #expect(forced >= 3)
        let free = try await engine.tokens(request(prompt, forced))
        #expect(tokens[..<forced].map(\.id) == free)
    }

    @Test("and refuses tokens that there are not")
    func validation() async throws {
        let engine = try RandomModel.engine()
        var control = control(4)
        control.closingTokens = [5, 96]
        await #expect(throws: EngineError.tokenOutOfRange(id: 96, index: 1, vocabularySize: 96)) {
            try await engine.tokens(request([1], 5, control))
        }
    }
}
