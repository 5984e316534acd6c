import QwenChat
import QwenModel
import QwenTokenizer
import Testing

@Suite("A session answers")
struct ChatSessionTests {
    private let greedy = GenerationOptions(maxTokens: 100, temperature: 0)

    private func session(
        _ script: [String: String] = ScriptedCheckpoint.thinker,
        family: ChatTemplateFamily = .qwen3,
        transcript: Transcript = Transcript(),
        contextLength: Int? = nil
    ) async throws -> ChatSession {
        let model = try await ScriptedCheckpoint(script).load(family)
        return ChatSession(model, transcript: transcript, options: greedy, contextLength: contextLength)
    }

    @Test("with thinking")
    func thinking() async throws {
        let session = try await session()
        let reply = try await session.respond(to: "Is it?", thinking: .on)
        #expect(reply.thinking == "hm")
        #expect(reply.text == "yes")
        #expect(reply.finishReason == .stop)
        #expect(reply.usage.thinkingTokens == 4)
        #expect(reply.usage.answerTokens == 3)
        #expect(reply.usage.cachedTokens == 0)
        let prompt = try ChatTemplate(.qwen3).render([.user("Is it?")])
        #expect(reply.usage.promptTokens == session.model.tokenizer.encode(segments: prompt.segments).count)
        #expect(session.transcript.messages == [.user("Is it?"), .assistant("yes", reasoning: "hm")])
        #expect(!session.isResponding)
    }

    @Test("without thinking")
    func noThinking() async throws {
        let session = try await session()
        let reply = try await session.respond(to: "Is it?", thinking: .off)
        #expect(reply.thinking == nil)
        #expect(reply.text == "yes")
        #expect(reply.usage.thinkingTokens == 0)
        #expect(reply.usage.answerTokens == 3)
    }

    @Test("with instructions, as the first message")
    func instructions() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let session = ChatSession(model, instructions: "Be brief.", options: greedy)
        #expect(session.instructions == "Be brief.")
        _ = try await session.respond(to: "Is it?")
        #expect(session.transcript.first == .system("Be brief."))
        #expect(session.transcript.count == 3)
    }

    @Test("and computes only what is new")
    func cache() async throws {
        let session = try await session()
        let tokenizer = session.model.tokenizer
        func ids(_ messages: [Message], thinks: Bool) throws -> [Int] {
            tokenizer.encode(segments: try ChatTemplate(.qwen3).render(messages, enableThinking: thinks).segments)
        }
        _ = try await session.respond(to: "Is it?", thinking: .on)
        let computed = try ids([.user("Is it?")], thinks: true) + tokenizer.encode("<think>hm</think>yes")
        let second = try ids(session.transcript.messages + [.user("Sure?")], thinks: true)
        // The template strips the old reasoning: the cache is good up to the answer that it preceded.
        let common = zip(computed, second).prefix { $0 == $1 }.count
        let reply = try await session.respond(to: "Sure?", thinking: .on)
        #expect(reply.usage.promptTokens == second.count)
        #expect(reply.usage.cachedTokens == common)
        #expect(common == (try ids([.user("Is it?")], thinks: true)).count)
    }

    @Test("a second turn over a long history computes the new turn alone")
    func longHistory() async throws {
        let session = try await session(["\n": "y", "y": "e", "e": "s"], family: .qwen25)
        _ = try await session.respond(to: String(repeating: "word ", count: 100))
        let history = try ChatTemplate(.qwen25).render(session.transcript.messages, addsGenerationPrompt: false)
        // All of it but the "<|im_end|>\n" behind the answer, which the model did not have to compute.
        let known = session.model.tokenizer.encode(segments: history.segments).count - 2
        let reply = try await session.respond(to: "And?")
        #expect(known > 500)
        #expect(reply.usage.cachedTokens == known)
    }

    @Test("the transcript as it stands")
    func noNewMessage() async throws {
        let session = try await session(transcript: Transcript([.user("Is it?")]))
        #expect(try await session.respond().text == "yes")
        #expect(session.transcript.messages == [.user("Is it?"), .assistant("yes", reasoning: "hm")])
        _ = try await session.respond(thinking: .off)
        #expect(session.transcript.count == 3)
    }

    @Test("nothing if there is nothing to answer")
    func emptyTranscript() async throws {
        let session = try await session(transcript: Transcript([.system("Be brief.")]))
        await #expect(throws: SessionError.emptyTranscript) { try await session.respond() }
        #expect(!session.isResponding)
    }

    @Test("as long as it may")
    func length() async throws {
        let session = try await session()
        let cut = try await session.respond(
            to: "Is it?",
            thinking: .on,
            options: GenerationOptions(maxTokens: 2, temperature: 0)
        )
        #expect(cut.finishReason == .length)
        #expect(cut.thinking == "h")
        #expect(cut.text.isEmpty)
    }

    @Test("until the context is full")
    func contextFull() async throws {
        let session = try await session(ScriptedCheckpoint.endless, contextLength: 64)
        let reply = try await session.respond(to: "Is it?", options: GenerationOptions(temperature: 0))
        #expect(reply.finishReason == .contextFull)
        #expect(reply.usage.promptTokens + reply.usage.generatedTokens >= 64)
        let before = session.transcript
        let messages = before.messages + [.user("And?")]
        let ids = session.model.tokenizer.encode(segments: try ChatTemplate(.qwen3).render(messages).segments)
        await #expect(throws: SessionError.contextFull(promptTokens: ids.count, contextTokens: 64)) {
            try await session.respond(to: "And?")
        }
        #expect(session.transcript == before)
        #expect(!session.isResponding)
    }

    @Test("not what the model cannot do")
    func thinkingNotSupported() async throws {
        let never = try await session(family: .qwen25)
        await #expect(throws: SessionError.thinkingNotSupported(requested: .on, support: .never)) {
            try await never.respond(to: "Is it?", thinking: .on)
        }
        #expect(never.transcript.isEmpty)
        let always = try await session(family: .qwen3Thinking2507)
        await #expect(throws: SessionError.thinkingNotSupported(requested: .off, support: .always)) {
            try await always.respond(to: "Is it?", thinking: .off)
        }
    }

    @Test("beginning in the thinking block that the prompt opened")
    func opensThinking() async throws {
        let script = ["\n": "h", "h": "m", "m": "</think>", "</think>": "y", "y": "e", "e": "s"]
        let session = try await session(script, family: .qwen3Thinking2507)
        let reply = try await session.respond(to: "Is it?")
        #expect(reply.thinking == "hm")
        #expect(reply.text == "yes")
        #expect(reply.usage.thinkingTokens == 3)
    }

    @Test("in plain text where the vocabulary has no thinking tokens")
    func noThinkingTokens() async throws {
        let checkpoint = try ScriptedCheckpoint(
            ["\n": "y", "y": "e", "e": "s"],
            addedTokens: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        )
        let model = try await checkpoint.load()
        #expect(model.template.family == .chatML)
        #expect(model.thinkingSupport == .never)
        #expect(try await ChatSession(model, options: greedy).respond(to: "<think>?").text == "yes")
    }

    @Test("with log-probabilities where they are asked for")
    func logProbabilities() async throws {
        let session = try await session()
        let options = GenerationOptions(maxTokens: 100, temperature: 0, logProbabilities: 2)
        let reply = try await session.respond(to: "Is it?", options: options)
        let tokens = try #require(reply.logProbabilities)
        #expect(try session.model.tokenizer.decode(tokens.map(\.id)) == "<think>hm</think>yes")
        #expect(tokens.allSatisfy { ($0.logProbability ?? -1) > -0.01 && $0.topLogProbabilities.count == 2 })
        #expect(try await session.respond(to: "Is it?").logProbabilities == nil)
    }

    @Test("sooner after it was warmed up")
    func prewarm() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let session = ChatSession(model, instructions: String(repeating: "word ", count: 50), options: greedy)
        try await session.prewarm()
        #expect(!session.isResponding)
        let reply = try await session.respond(to: "Is it?")
        #expect(reply.text == "yes")
        #expect(reply.usage.cachedTokens > 250)
        #expect(session.transcript.count == 3)
    }

    @Test("repeatably with a seed")
    func seed() async throws {
        let model = try await ScriptedCheckpoint([:]).load(.qwen3)
        let options = GenerationOptions(maxTokens: 20, temperature: 100, topK: 0, topP: 1, seed: 7)
        func ids() async throws -> [Int] {
            var options = options
            options.logProbabilities = 0
            let reply = try await ChatSession(model).respond(to: "Is it?", options: options)
            return reply.logProbabilities?.map(\.id) ?? []
        }
        let first = try await ids()
        #expect(try await ids() == first)
        #expect(!first.isEmpty)
    }
}
