import QwenChat
import QwenModel
import QwenTokenizer
import Testing

@Suite("A thinking budget")
struct ThinkingBudgetTests {
    /// Opens a block and never leaves it by itself; answers "yes" where somebody else closes it.
    static let ponderer = [
        "\n": "<think>", "<think>": "h", "h": "m", "m": "h", "\n\n": "y", "y": "e", "e": "s", "s": "<|im_end|>",
    ]
    static let sentence =
        "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."

    private let greedy = GenerationOptions(maxTokens: 1000, temperature: 0)

    private func session(
        _ script: [String: String] = ponderer,
        family: ChatTemplateFamily = .qwen3
    ) async throws -> ChatSession {
        ChatSession(try await ScriptedCheckpoint(script).load(family), options: greedy)
    }

    @Test("has Qwen's sentence, token by token")
    func sentenceTokens() {
        let ids = Tokenizer.qwen.encode(Self.sentence + "\n</think>\n\n")
        #expect(ids.count == 24)
        #expect(ids.first == 271)
        #expect(ids.suffix(3) == [624, 151_668, 271])
    }

    @Test("cuts the trace, says so, and the answer follows")
    func cut() async throws {
        let session = try await session()
        let reply = try await session.respond(to: "Is it?", thinking: .budget(6))
        #expect(reply.thinking == "hmhmh" + Self.sentence)
        #expect(reply.text == "yes")
        #expect(reply.thinkingEnd == .budget)
        #expect(reply.finishReason == .stop)
        // The opening tag and five letters, and the sentence with its closing tag and blank line.
        let sentence = session.model.tokenizer.encode(Self.sentence + "\n</think>\n\n").count
        #expect(reply.usage.thinkingTokens == 6 + sentence)
        #expect(reply.usage.answerTokens == 3)
        #expect(session.transcript.last == .assistant("yes", reasoning: "hmhmh" + Self.sentence))
    }

    @Test("is no more than a limit")
    func ample() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        let reply = try await session.respond(to: "Is it?", thinking: .budget(500))
        #expect(reply.thinking == "hm")
        #expect(reply.thinkingEnd == .model)
        #expect(reply.usage.thinkingTokens == 4)
    }

    @Test("of 0 is the hard switch")
    func zero() async throws {
        let session = try await session()
        let reply = try await session.respond(to: "Is it?", thinking: .budget(0))
        #expect(reply.thinking == nil)
        #expect(reply.thinkingEnd == nil)
        #expect(reply.text == "yes")
        #expect(reply.usage.thinkingTokens == 0)
        let off = try await ChatSession(session.model, options: greedy).respond(to: "Is it?", thinking: .off)
        #expect(off.usage.promptTokens == reply.usage.promptTokens)
    }

    @Test("below 0 is an error")
    func negative() async throws {
        let session = try await session()
        await #expect(throws: SessionError.invalidThinkingBudget(-1)) {
            try await session.respond(to: "Is it?", thinking: .budget(-1))
        }
        #expect(session.transcript.isEmpty)
    }

    @Test("works where the prompt opens the block, also at 0")
    func always() async throws {
        let script = ["\n": "h", "h": "m", "m": "h", "\n\n": "y", "y": "e", "e": "s"]
        let session = try await session(script, family: .qwen3Thinking2507)
        let reply = try await session.respond(to: "Is it?", thinking: .budget(3))
        #expect(reply.thinking == "hmh" + Self.sentence)
        #expect(reply.text == "yes")
        let none = try await ChatSession(session.model, options: greedy).respond(to: "Is it?", thinking: .budget(0))
        #expect(none.thinking == Self.sentence)
        #expect(none.thinkingEnd == .budget)
        #expect(none.text == "yes")
    }

    @Test("is refused by a model that does not think")
    func never() async throws {
        let session = try await session(family: .qwen3Instruct2507)
        await #expect(throws: SessionError.thinkingNotSupported(requested: .budget(5), support: .never)) {
            try await session.respond(to: "Is it?", thinking: .budget(5))
        }
    }

    @Test("leaves room for the answer, a quarter of what there is", arguments: [400, 1000])
    func reserve(maxTokens: Int) async throws {
        let session = try await session()
        let sentence = session.model.tokenizer.encode(Self.sentence + "\n</think>\n\n").count
        let options = GenerationOptions(maxTokens: maxTokens, temperature: 0)
        let reply = try await session.respond(to: "Is it?", thinking: .budget(100_000), options: options)
        #expect(reply.usage.thinkingTokens == maxTokens - maxTokens / 4)
        #expect(reply.text == "yes")
        // As much as is asked for, and then without a budget too.
        let ten = GenerationOptions(maxTokens: maxTokens, answerReserve: 10, temperature: 0)
        for thinking in [Thinking.on, .budget(100_000)] {
            let reply = try await ChatSession(session.model).respond(to: "Is it?", thinking: thinking, options: ten)
            #expect(reply.usage.thinkingTokens == maxTokens - 10)
            #expect(reply.text == "yes")
        }
        // Too little for the sentence: no thinking.
        let small = GenerationOptions(maxTokens: sentence, temperature: 0)
        let brief = try await ChatSession(session.model).respond(to: "Is it?", thinking: .budget(50), options: small)
        #expect(brief.thinking == nil)
        #expect(brief.text == "yes")
        #expect(brief.usage.thinkingTokens == 4)
        for senseless in [Int.min, -1, .max] {
            let options = GenerationOptions(maxTokens: 300, answerReserve: senseless, temperature: 0)
            _ = try await ChatSession(session.model).respond(to: "Is it?", thinking: .budget(50), options: options)
        }
    }

    @Test("without one, thinking may take everything")
    func unlimited() async throws {
        let session = try await session()
        let reply = try await session.respond(to: "Is it?", thinking: .on)
        #expect(reply.finishReason == .length)
        #expect(reply.thinkingEnd == .unfinished)
        #expect(reply.text.isEmpty)
    }

    @Test("drops the character that it cuts")
    func incompleteCharacter() async throws {
        // Thinks "é" in Latin letters of two bytes, the first of which comes alone when the budget ends.
        let model = try await ScriptedCheckpoint(Self.ponderer).load(.qwen3)
        var parser = OutputParser(tokenizer: model.tokenizer, startsInThinking: true)
        let bytes = model.tokenizer.encode("é")
        #expect(bytes.count == 2)
        _ = parser.consume(bytes[0])
        parser.dropIncompleteCharacter()
        #expect(parser.consume(model.tokenizer.encode("h")[0]) == [.thinking("h")])
    }

    @Test("of the user's patience: answerNow in the middle")
    func answerNow() async throws {
        // So much that the wish comes before the end even where other tests take the processors.
        let model = try await ScriptedCheckpoint(Self.ponderer, contextLength: 200_000).load(.qwen3)
        let session = ChatSession(model)
        let options = GenerationOptions(maxTokens: 150_000, temperature: 0)
        let stream = session.streamResponse(to: "Is it?", thinking: .on, options: options)
        var thinking = ""
        var response: Response?
        for try await event in stream {
            switch event {
            case .thinking(let piece):
                thinking += piece
                if thinking.utf8.count == 3 { stream.answerNow() }
            case .finished(let finished): response = finished
            default: break
            }
        }
        let reply = try #require(response)
        #expect(reply.thinking == thinking)
        #expect(thinking.hasPrefix("hmh") && thinking.hasSuffix(Self.sentence))
        #expect(reply.thinkingEnd == .answerNow)
        #expect(reply.text == "yes")
    }

    @Test("answerNow before it begins, and when it is too late")
    func answerNowOtherwise() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        let early = session.streamResponse(to: "Is it?", thinking: .on)
        early.answerNow()
        var reply: Response?
        for try await event in early {
            if case .finished(let response) = event { reply = response }
        }
        #expect(reply?.thinking == nil)
        #expect(reply?.text == "yes")
        #expect(reply?.thinkingEnd == .answerNow)

        let late = session.streamResponse(to: "Is it?", thinking: .on)
        for try await event in late {
            if case .text = event { late.answerNow() }
            if case .finished(let response) = event { reply = response }
        }
        late.answerNow()
        #expect(reply?.thinking == "hm")
        #expect(reply?.text == "yes")
        #expect(reply?.thinkingEnd == .model)
        #expect(session.transcript.count == 4)

        let off = session.streamResponse(to: "Is it?", thinking: .off)
        off.answerNow()
        for try await event in off {
            if case .finished(let response) = event { reply = response }
        }
        #expect(reply?.text == "yes")
        #expect(reply?.thinkingEnd == nil)
    }

    @Test("circles are closed where that is asked for")
    func loops() async throws {
        let session = try await session()
        let options = GenerationOptions(maxTokens: 1000, thinkingLoops: LoopDetection(), temperature: 0)
        let reply = try await session.respond(to: "Is it?", thinking: .on, options: options)
        #expect(reply.thinkingEnd == .loop)
        // The opening tag does not repeat.
        #expect(reply.thinking == String(repeating: "hm", count: 64) + Self.sentence)
        #expect(reply.text == "yes")
    }
}
