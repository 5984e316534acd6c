import Foundation
import QwenChat
import QwenModel
import QwenTokenizer
import Testing

@Suite("A conversation that is changed or branched computes what is new")
struct BranchingTests {
    private let greedy = GenerationOptions(maxTokens: 100, temperature: 0)
    private let plain = ["\n": "y", "y": "e", "e": "s"]

    private func ids(_ messages: [Message], _ model: QwenLanguageModel, thinks: Bool? = nil) throws -> [Int] {
        model.tokenizer.encode(segments: try model.template.render(messages, enableThinking: thinks).segments)
    }

    @Test("a second turn over 2,000 tokens of history")
    func longHistory() async throws {
        let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
        let session = ChatSession(model, instructions: "Be brief.", options: greedy)
        _ = try await session.respond(to: String(repeating: "word ", count: 400))
        let history = try model.template.render(session.transcript.messages, addsGenerationPrompt: false)
        // All but the "<|im_end|>\n" behind the answer, which the model did not have to compute, and its last letter too
        // if that was not computed.
        let known = model.tokenizer.encode(segments: history.segments).count - 2
        let reply = try await session.respond(to: "And?")
        #expect(known > 2000)
        #expect(reply.usage.cachedTokens == known)
        #expect(reply.usage.promptTokens - reply.usage.cachedTokens < 30)
    }

    @Test("a turn after thinking, whose reasoning the template strips, up to the first changed token")
    func strippedReasoning() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let session = ChatSession(model, options: greedy)
        let question = Message.user(String(repeating: "word ", count: 400))
        _ = try await session.respond(to: question.text, thinking: .budget(50))
        let computed = try ids([question], model, thinks: true) + model.tokenizer.encode("<think>hm</think>yes")
        let second = try ids(session.transcript.messages + [.user("And?")], model, thinks: true)
        let common = zip(computed, second).prefix { $0 == $1 }.count
        #expect(common > 2000)
        let reply = try await session.respond(to: "And?", thinking: .budget(50))
        #expect(reply.usage.cachedTokens == common)
    }

    @Test("a second session with the same instructions computes its own part only", arguments: [true, false])
    func sharedInstructions(firstIsAlive: Bool) async throws {
        let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
        let instructions = String(repeating: "rule ", count: 250)
        let shared = try ids([.system(instructions)], model).count - 10
        #expect(shared > 1000)
        var first: ChatSession? = ChatSession(model, instructions: instructions, options: greedy)
        _ = try await first?.respond(to: "one")
        if !firstIsAlive { first = nil }
        let second = ChatSession(model, instructions: instructions, options: greedy)
        let reply = try await second.respond(to: "quite another question")
        #expect(reply.usage.cachedTokens >= shared)
        #expect(reply.usage.promptTokens - reply.usage.cachedTokens < 60)
        _ = first
    }

    @Test("a fork begins with the past's keys and values, and goes its own way")
    func fork() async throws {
        let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
        let session = ChatSession(model, instructions: String(repeating: "rule ", count: 100), options: greedy)
        _ = try await session.respond(to: "one")
        let fork = session.fork()
        #expect(fork.transcript == session.transcript)
        let mine = try await session.respond(to: "two")
        let its = try await fork.respond(to: "three")
        #expect(its.usage.cachedTokens >= mine.usage.cachedTokens)
        #expect(its.usage.cachedTokens > 500)
        #expect(session.transcript.last == fork.transcript.last)
        #expect(session.transcript != fork.transcript)
        // The same as a session that computes everything itself.
        let fresh = ChatSession(
            try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507),
            transcript: fork.transcript
        )
        #expect(try fresh.tokenCount() == fork.tokenCount())
    }

    @Test("a session made from a transcript goes on with it")
    func fromTranscript() async throws {
        let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
        let first = ChatSession(model, instructions: "Be brief.", options: greedy)
        _ = try await first.respond(to: "one")
        let data = try JSONEncoder().encode(first.transcript)
        let second = ChatSession(
            model,
            transcript: try JSONDecoder().decode(Transcript.self, from: data),
            options: greedy
        )
        #expect(second.instructions == "Be brief.")
        #expect(try await second.respond(to: "two").text == "yes")
        #expect(second.transcript.count == 5)
    }

    @Test("an edit of the past keeps what stands before it")
    func edit() async throws {
        let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
        let session = ChatSession(model, instructions: String(repeating: "rule ", count: 100), options: greedy)
        _ = try await session.respond(to: "one")
        _ = try await session.respond(to: "two")
        let before = try ids(session.transcript.messages, model)
        try session.edit { $0.messages.removeLast(2) }
        #expect(session.transcript.count == 3)
        let after = try ids(session.transcript.messages + [.user("2")], model)
        let common = zip(before, after).prefix { $0 == $1 }.count
        let reply = try await session.respond(to: "2")
        #expect(reply.usage.cachedTokens == common)
        struct Refusal: Error {}
        let past = session.transcript
        #expect(throws: Refusal.self) {
            try session.edit {
                $0.messages.removeAll()
                throw Refusal()
            }
        }
        #expect(session.transcript == past)
        #expect(!session.isResponding)
    }

    @Test("no edit while a request is being answered")
    func editWhileBusy() async throws {
        let model = try await ScriptedCheckpoint(ScriptedCheckpoint.endless).load(.qwen3)
        let session = ChatSession(model, options: GenerationOptions(temperature: 0))
        var iterator: ResponseStream.AsyncIterator? = session.streamResponse(to: "Is it?").makeAsyncIterator()
        _ = try await iterator?.next()
        #expect(throws: SessionError.alreadyResponding) { try session.edit { $0.messages.removeAll() } }
        iterator = nil
        try session.edit { $0.messages.append(.user("a")) }
        #expect(session.transcript.count == 1)
    }
}
