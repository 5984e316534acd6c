import QwenModel
import Testing

@Suite struct InferenceEngineTests {
    private func request(_ prompt: [Int], _ maxTokens: Int = 12, stop: Set<Int> = []) -> GenerationRequest {
        GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: maxTokens, stopTokens: stop)
    }

    // MARK: Prefixes

    @Test func computesOnlyWhatIsNew() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        let first = RandomModel.prompt(50)
        let (answer, summary) = try await engine.tokens(request(first), in: context)
        #expect(summary?.cachedTokens == 0)
        #expect(context.cachedTokens == 50 + 11)

        // The next turn holds the first one and its answer; the answer's last token was never computed.
        let second = first + answer + RandomModel.prompt(9, seed: 3)
        let (next, nextSummary) = try await engine.tokens(request(second), in: context)
        #expect(nextSummary?.cachedTokens == 61)
        #expect(next == (try await engine.tokens(request(second))))
    }

    @Test func keepsWhatStandsBeforeTheFirstDifference() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        var prompt = RandomModel.prompt(40)
        _ = try await engine.tokens(request(prompt), in: context)
        prompt[25] = (prompt[25] + 1) % 96
        let (tokens, summary) = try await engine.tokens(request(prompt), in: context)
        #expect(summary?.cachedTokens == 25)
        #expect(tokens == (try await engine.tokens(request(prompt))))
    }

    @Test func computesTheLastTokenOfAPromptThatIsCachedWhole() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        let prompt = RandomModel.prompt(20)
        let (first, _) = try await engine.tokens(request(prompt), in: context)
        let (second, summary) = try await engine.tokens(request(prompt), in: context)
        #expect(summary?.cachedTokens == 19)
        #expect(first == second)
    }

    @Test func growsPastWhatWasReserved() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        let prompt = RandomModel.prompt(300)
        let (tokens, summary) = try await engine.tokens(request(prompt, 1500), in: context)
        #expect(tokens.count == 1500)
        #expect(summary?.reason == .maxTokens)
        // The same text through prefill: each token is the one that greedy decoding chose.
        let other = try await engine.tokens(request(prompt + tokens.prefix(1400), 50))
        #expect(other == Array(tokens[1400..<1450]))
    }

    // MARK: Ends

    @Test func endsAtAStopToken() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(10)
        let tokens = try await engine.tokens(request(prompt, 30))
        let stop = tokens[7]
        let expected = tokens.prefix { $0 != stop }
        let (stopped, summary) = try await engine.tokens(request(prompt, 30, stop: [stop]), in: engine.makeContext())
        #expect(stopped == Array(expected))
        #expect(summary?.reason == .stopToken(stop))
        #expect(summary?.generatedTokens == expected.count)
    }

    @Test func endsWhereTheContextIsFull() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext(capacity: 24)
        let (tokens, summary) = try await engine.tokens(request(RandomModel.prompt(20), 30), in: context)
        #expect(summary?.reason == .contextFull)
        #expect(tokens.count == 5)
        #expect(context.cachedTokens == 24)
    }

    @Test func reportsEventsInOrder() async throws {
        let engine = try RandomModel.engine()
        var kinds: [String] = []
        for try await event in engine.generate(request(RandomModel.prompt(40), 2), in: try engine.makeContext()) {
            switch event {
            case .prompt(let total, let cached): kinds.append("prompt \(total) \(cached)")
            case .prefillProgress(let done, let total): kinds.append("prefill \(done) \(total)")
            case .token: kinds.append("token")
            case .finished: kinds.append("finished")
            }
        }
        #expect(
            kinds == [
                "prompt 40 0", "prefill 16 40", "prefill 32 40", "prefill 40 40", "token", "token", "finished",
            ]
        )
    }

    // MARK: Several at once

    @Test func requestsInTurnGiveWhatEachGivesAlone() async throws {
        let engine = try RandomModel.engine()
        let prompts = (0..<8).map { RandomModel.prompt(5 + 11 * $0, seed: $0) }
        var alone: [[Int]] = []
        for prompt in prompts { alone.append(try await engine.tokens(request(prompt, 40))) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask { (index, try await engine.tokens(request(prompt, 40))) }
            }
            var results = [[Int]](repeating: [], count: prompts.count)
            for try await (index, tokens) in group { results[index] = tokens }
            return results
        }
        #expect(together == alone)
    }

    @Test func aBusyContextRefusesASecondRequest() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        // The context is taken by the call, so nothing need be awaited between the two, and the first cannot end before.
        let first = engine.generate(request(RandomModel.prompt(8), 3000), in: context)
        let second = engine.generate(request(RandomModel.prompt(8)), in: context)
        await #expect(throws: EngineError.contextBusy) {
            for try await _ in second {}
        }
        var events = first.makeAsyncIterator()
        #expect(try await events.next() != nil)
    }

    // MARK: Cancellation

    @Test func droppingTheStreamFreesTheContext() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        let prompt = RandomModel.prompt(30)
        for tokens in [1, 2, 5] {
            var seen = 0
            for try await event in engine.generate(request(prompt, 4000), in: context) {
                if case .token = event { seen += 1 }
                if seen == tokens { break }
            }
            // At once, without waiting for the engine's thread.
            let (answer, _) = try await engine.tokens(request(prompt), in: context)
            #expect(answer == (try await engine.tokens(request(prompt))))
        }
    }

    @Test func cancellingTheTaskEndsTheStream() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext()
        var endedEarly = 0
        for delay in 0..<10 {
            let task = Task {
                try await engine.tokens(request(RandomModel.prompt(200), 3800), in: context).summary
            }
            try await Task.sleep(for: .microseconds(300 * delay))
            task.cancel()
            // With or without an error; a summary comes only where the machine was so busy that all was done by then.
            if (try? await task.value) == nil { endedEarly += 1 }
        }
        #expect(endedEarly > 0)
        #expect(try await engine.tokens(request(RandomModel.prompt(5)), in: context).tokens.count == 12)
    }

    @Test func cancellingAnEvaluationThrows() async throws {
        let engine = try RandomModel.engine(EngineOptions(threadCount: 2, prefillChunk: 1))
        var cancelled = 0
        for delay in 0..<10 {
            let task = Task { try await engine.evaluate(RandomModel.prompt(4000), logitsAt: []) }
            try await Task.sleep(for: .microseconds(300 * delay))
            task.cancel()
            do { _ = try await task.value } catch is CancellationError { cancelled += 1 }
        }
        #expect(cancelled > 0)
    }

    @Test func oneCancelledRequestDisturbsNoOther() async throws {
        let engine = try RandomModel.engine()
        let prompt = RandomModel.prompt(33)
        let alone = try await engine.tokens(request(prompt, 200))
        async let kept = engine.tokens(request(prompt, 200))
        let dropped = Task { try await engine.tokens(request(RandomModel.prompt(60, seed: 2), 3000)) }
        try await Task.sleep(for: .milliseconds(5))
        dropped.cancel()
        #expect(try await kept == alone)
    }

    @Test func aRunningRequestOutlivesTheReferenceToItsEngine() async throws {
        var engine: InferenceEngine? = try RandomModel.engine()
        let expected = try await engine?.tokens(request(RandomModel.prompt(9), 300))
        let context = try #require(try engine?.makeContext())
        let stream = try #require(engine?.generate(request(RandomModel.prompt(9), 300), in: context))
        engine = nil
        var tokens: [Int] = []
        for try await event in stream {
            if case .token(let token) = event { tokens.append(token.id) }
        }
        #expect(tokens == expected)
    }

    @Test func droppingEngineAndStreamWhileGeneratingIsSafe() async throws {
        for _ in 0..<20 {
            let engine = try RandomModel.engine()
            var iterator = engine.generate(request(RandomModel.prompt(9), 4000), in: try engine.makeContext())
                .makeAsyncIterator()
            _ = try await iterator.next()
        }
    }

    @Test func measuringTheReadingOfWeightsTakesItsTurn() async throws {
        let engine = try RandomModel.engine()
        async let tokens = engine.tokens(request(RandomModel.prompt(9), 100))
        #expect(try await engine.measureReadBandwidth() > 0)
        #expect(try await tokens == engine.tokens(request(RandomModel.prompt(9), 100)))
    }

    // MARK: Errors

    @Test func refusesWhatCannotBeDone() async throws {
        let engine = try RandomModel.engine()
        let context = try engine.makeContext(capacity: 8)
        func error(_ request: GenerationRequest, in context: InferenceContext) async -> EngineError? {
            do { _ = try await engine.tokens(request, in: context) } catch { return error as? EngineError }
            return nil
        }
        #expect(await error(request([]), in: context) == .emptyPrompt)
        #expect(
            await error(request([1, 96]), in: context) == .tokenOutOfRange(id: 96, index: 1, vocabularySize: 96)
        )
        #expect(
            await error(request([-1]), in: context) == .tokenOutOfRange(id: -1, index: 0, vocabularySize: 96)
        )
        #expect(await error(request([1], 0), in: context) == .invalidMaxTokens(0))
        #expect(
            await error(request(RandomModel.prompt(9)), in: context)
                == .contextFull(promptTokens: 9, contextTokens: 8)
        )
        let foreign = try RandomModel.engine().makeContext()
        #expect(await error(request([1]), in: foreign) == .foreignContext)
        #expect(throws: EngineError.invalidCapacity(0, maximum: 4096)) { try engine.makeContext(capacity: 0) }
        #expect(throws: EngineError.invalidCapacity(5000, maximum: 4096)) { try engine.makeContext(capacity: 5000) }
        #expect(throws: EngineError.invalidOption(name: "threadCount", value: 0)) {
            try RandomModel.engine(EngineOptions(threadCount: 0))
        }
        #expect(throws: EngineError.invalidOption(name: "prefillChunk", value: 0)) {
            try RandomModel.engine(EngineOptions(prefillChunk: 0))
        }
        await #expect(throws: EngineError.positionOutOfRange(2, tokens: 2)) {
            try await engine.evaluate([1, 2], logitsAt: [2])
        }
        // And the context is as usable as before.
        #expect(try await engine.tokens(request([1], 3), in: context).tokens.count == 3)
    }

    @Test func notANumberInTheWeightsIsAnError() async throws {
        let engine = try RandomModel.engine(spoilt: "model.layers.1.mlp.down_proj.weight")
        await #expect(throws: EngineError.nonFiniteLogits(position: 19)) {
            _ = try await engine.tokens(request(RandomModel.prompt(20)))
        }
        await #expect(throws: EngineError.self) {
            _ = try await engine.evaluate(RandomModel.prompt(20), logitsAt: [3])
        }
    }
}
