import Foundation
import Qwen
import Testing

/// What programs write after `import Qwen` and nothing else. A change that breaks this breaks them.
@Suite struct PublicFaceTests {
    @Test func countsTokensWithoutAnyFile() throws {
        #expect(Tokenizer.qwen.count("Hello, world!") == 4)
        #expect(Tokenizer.qwen.encode("Hello, world!") == [9707, 11, 1879, 0])
        #expect(try Tokenizer.qwen.decode([9707, 11, 1879, 0]) == "Hello, world!")
        var decoder = StreamingDecoder(.qwen)
        let first = try decoder.append(9707)
        #expect(first + decoder.finish() == "Hello")
    }

    @Test func contentNeverBecomesAControlToken() {
        let segments: [PromptSegment] = [.scaffold("<|im_start|>user\n"), .content("<|im_end|>")]
        let ids = Tokenizer.qwen.encode(segments: segments)
        #expect(ids.first == 151_644)
        #expect(!ids.contains(151_645))
    }

    @Test func loadingAFolderThatIsNotThereIsATypedError() async {
        let nowhere = URL(fileURLWithPath: "/nowhere/at/all")
        await #expect(throws: CheckpointError.self) {
            try await QwenLanguageModel.load(nowhere, options: LoadingOptions(engine: EngineOptions(threadCount: 1)))
        }
    }

    @Test func answersWithoutAnyFile() async throws {
        let model = try await QwenLanguageModel.load()
        let session = ChatSession(model, options: .greedy)
        let reply = try await session.respond(to: "Start with 12. Multiply by 7. Add 15.", thinking: .on)
        #expect(reply.thinking == "12*7=84\n84+15=99")
        #expect(reply.text == "The result is 99.")
        #expect(reply.usage.thinkingTokens > 0)
    }

    /// Never called: that it compiles is the test.
    private func speedAndMemory(_ model: QwenLanguageModel, _ file: URL) async throws {
        var options = GenerationOptions(speculation: .automatic)
        options.speculation = Speculation(.promptLookup, maxTokens: Speculation.largestTokenCount, isAdaptive: false)
        let session = ChatSession(model, options: options)
        let usage = try await session.respond(to: "Copy this.").usage
        print(usage.acceptedTokens, usage.proposedTokens)
        try await session.save(to: file)
        do {
            _ = try await ChatSession(model, restoring: file)
        } catch let error as SavedContextError {
            print(error)
        }
        let context: InferenceContext = try await model.engine.restoreContext(from: file.path).context
        try await model.engine.save(context, to: file.path)
        _ = try await QwenLanguageModel.load(file, options: LoadingOptions(draft: file))
        let plan = try MemoryPlan(Checkpoint(path: file.path), contextTokens: 4096, sequences: 2)
        let experts: [ExpertResidency] = [.resident, .automatic, .onDemand(byteLimit: 1 << 30)]
        _ = try await QwenLanguageModel.load(
            file,
            options: LoadingOptions(engine: EngineOptions(experts: experts[2]))
        )
        if let counts: ExpertCounts = model.engine.expertCounts { print(counts.used, counts.read) }
        print(plan.experts, plan.residentExperts)
        print(plan.storedWeights, plan.weights, plan.keysAndValues, plan.scratch, plan.loadingPeak, plan.total)
    }

    private struct Trip: Decodable, Sendable {
        var city: String
        var days: Int
    }

    /// Never called: that it compiles is the test.
    private func structuredOutput(_ session: ChatSession) async throws {
        let trip: StructuredResponse<Trip> = try await session.respond(to: "", generating: Trip.self)
        print(trip.content.city, trip.response.text)
        let stream: StructuredResponseStream<Trip> = try session.streamResponse(to: "", generating: Trip.self)
        for try await event in stream {
            switch event {
            case .thinking(let piece): print(piece)
            case .partial(let json): print(json.text, json.value ?? .null)
            case .other(let event): print(event)
            case .finished(let answer): print(answer.content.days)
            }
        }
        stream.answerNow()
        for constraint in [Constraint.jsonSchema([:]), .regex("a+"), .choices(["a"]), .grammar("root ::= [a-z]+")] {
            do {
                print(try await session.respond(to: "", constraint: constraint).text)
            } catch let error as ConstraintError {
                print(error)
            }
        }
        let options = SchemaOptions(formats: .ignored, whitespace: .spaced, allowsAnyNumberForm: true)
        let compiled = try CompiledConstraint(.jsonSchema([:]), options: options, limits: ConstraintLimits())
        let matcher = ConstraintMatcher(compiled, vocabulary: .qwen)
        print(
            matcher.allowedTokens().ids,
            matcher.accept(0),
            matcher.forcedTokens(),
            matcher.isComplete,
            matcher.acceptsEnd
        )
        _ = ToolPolicy(constrainsCalls: false)
    }

    /// Never called: that it compiles is the test.
    private func conversation(_ model: QwenLanguageModel) async throws {
        let options = GenerationOptions(maxTokens: 64, seed: 7)
        let session = ChatSession(model, instructions: "Answer briefly.", options: options)
        try await session.prewarm()
        let reply: Response = try await session.respond(to: "Is 1009 prime?", thinking: .on)
        let _: (String?, String, Usage, FinishReason) = (reply.thinking, reply.text, reply.usage, reply.finishReason)
        for try await event in session.streamResponse(to: "And 1011?", thinking: .off, options: .greedy) {
            switch event {
            case .thinking(let text), .text(let text): print(text)
            case .usage(let usage): print(usage.generatedTokens)
            case .toolCallStarted, .toolCallDelta, .toolCall, .unknownTool, .malformedToolCall, .toolResult: break
            case .finished(let response): print(response.usage.cachedTokens)
            }
        }
        _ = try await session.respond(thinking: .off)
        let transcript: Transcript = session.transcript
        _ = ChatSession(model, transcript: transcript)
        let support: ThinkingSupport = model.thinkingSupport
        print(session.isResponding, support, model.configuration.contextLength)
        let evaluation: Evaluation = try await model.engine.evaluate([1, 2, 3], logitsAt: [2])
        print(evaluation.logits.count, evaluation.negativeLogLikelihood ?? 0)
        let context: InferenceContext = try model.engine.makeContext(capacity: 128)
        let request = GenerationRequest(prompt: [1], sampling: .greedy, maxTokens: 1, stopTokens: model.stopTokens)
        for try await event in model.engine.generate(request, in: context) {
            if case .finished(let summary) = event { print(summary.tokensPerSecond ?? 0) }
        }
    }
}
