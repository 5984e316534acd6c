import QwenChat
import QwenJSON
import QwenModel
import QwenTokenizer
import Testing

@Suite("Soft switches")
struct SoftSwitchTests {
    /// Writes an empty block and answers, as the models do after `/no_think`.
    private let obedient = [
        "\n": "<think>", "<think>": "\n\n", "\n\n": "</think>", "</think>": "y", "y": "e", "e": "s", "s": "<|im_end|>",
    ]
    private let greedy = GenerationOptions(maxTokens: 1000, temperature: 0, logProbabilities: 0)

    @Test(
        "are found where they are meant",
        arguments: [
            ("/no_think", SoftSwitch.noThink), ("Is it? /no_think", .noThink), ("/think Is it?", .think),
            ("a /think b /no_think", .noThink), ("a /no_think b /think c", .think), ("Is it?/no_think", .noThink),
            ("0x293 + 5593 - 0x1852/no_think \n", .noThink), ("(/think)", .think), ("是吗/no_think", .noThink),
            ("Is it? /no_think.", .noThink),
        ]
    )
    func found(text: String, expected: SoftSwitch) {
        #expect(SoftSwitch.latest(in: [.user(text)]) == expected)
        #expect(SoftSwitch.latest(in: [.system(text)]) == expected)
    }

    @Test(
        "are nothing else",
        arguments: [
            "", "/", "think", "no_think", "/thinking", "/no_thinking about it", "see /think/tank", "a//think",
            "https://example.org/think/more", "/THINK", "/no_thin", "the usr/think tree",
        ]
    )
    func notFound(text: String) {
        #expect(SoftSwitch.latest(in: [.user(text)]) == nil)
    }

    @Test("the latest of a user's or a system message wins, and nobody else's")
    func latest() {
        let messages: [Message] = [
            .system("Be brief. /no_think"), .user("a"), .assistant("/think"), .tool("/think", name: "f"),
        ]
        #expect(SoftSwitch.latest(in: messages) == .noThink)
        #expect(SoftSwitch.latest(in: messages + [.user("b /think")]) == .think)
        #expect(SoftSwitch.latest(in: [.user("/think"), .user("b"), .system("/no_think")]) == .noThink)
    }

    @Test("the empty block is hidden, and the template is left alone")
    func emptyBlock() async throws {
        let model = try await ScriptedCheckpoint(obedient).load(.qwen3)
        let session = ChatSession(model, options: greedy)
        let reply = try await session.respond(to: "Is it? /no_think")
        #expect(reply.thinking == nil)
        #expect(reply.thinkingEnd == nil)
        #expect(reply.text == "yes")
        #expect(try model.tokenizer.decode(reply.logProbabilities?.map(\.id) ?? []) == "<think>\n\n</think>yes")
        #expect(reply.usage.thinkingTokens == 3)
        let prompt = try model.template.render([.user("Is it? /no_think")], enableThinking: true)
        #expect(reply.usage.promptTokens == model.tokenizer.encode(segments: prompt.segments).count)
        #expect(session.transcript.messages == [.user("Is it? /no_think"), .assistant("yes")])
    }

    /// How many tokens an endless answer has: the model's default for thinking, or for none.
    private func length(
        _ text: String,
        _ thinking: Thinking? = nil,
        _ handling: SoftSwitch.Handling = .heeded
    ) async throws -> Int {
        let script = ["\n": "t", "\n\n": "t", "t": "i", "i": "c", "c": "k", "k": "t", "<think>": "t"]
        let model = try await ScriptedCheckpoint(script, generation: nil).load(.qwen3)
        // The defaults differ in the presence penalty: with it the endless answer cannot go on like this.
        var options = GenerationOptions(maxTokens: 40, softSwitches: handling, topK: 1, seed: 1, logProbabilities: 0)
        // Brings the script's logits, 17 high, down to where a penalty of 1.5 decides.
        for letter in "tick" { options.logitBias[model.tokenizer.encode(String(letter))[0]] = -16 }
        let reply = try await ChatSession(model).respond(to: text, thinking: thinking, options: options)
        let ids = reply.logProbabilities?.map(\.id) ?? []
        return Set(ids).count
    }

    @Test("decide which of the model's defaults hold, unless the request does")
    func defaults() async throws {
        let plain = try await length("Is it?")
        let penalised = try await length("Is it?", .off)
        // Four letters in a circle, or other ones as each of them was used before.
        #expect(plain == 4 && penalised > 4)
        #expect(try await length("Is it? /no_think") == penalised)
        #expect(try await length("Is it? /think") == plain)
        #expect(try await length("Is it? /no_think", .on) == plain)
        #expect(try await length("Is it? /think", .off) == penalised)
        #expect(try await length("Is it? /no_think", nil, .ignored) == plain)
    }

    @Test("that are ignored steer nothing: the block is opened for the model, with its own tokens")
    func ignored() async throws {
        // Would take the way out after <think>, but goes on thinking after the newline that opens the block.
        let script = [
            "\n": "h", "h": "m", "m": "</think>", "<think>": "\n\n", "\n\n": "</think>", "</think>": "y", "y": "e",
            "e": "s",
        ]
        let model = try await ScriptedCheckpoint(script).load(.qwen3)
        var options = greedy
        options.softSwitches = .ignored
        let session = ChatSession(model, options: options)
        let reply = try await session.respond(to: "Is it? /no_think")
        #expect(reply.thinking == "hm")
        #expect(reply.text == "yes")
        // The text's own tokens are as they were.
        let prompt = try model.template.render([.user("Is it? /no_think")], enableThinking: true)
        let ids = model.tokenizer.encode(segments: prompt.segments) + model.tokenizer.encode("<think>\n")
        #expect(reply.usage.promptTokens == ids.count)
        let off = try await ChatSession(model, options: options).respond(to: "Is it? /think", thinking: .off)
        #expect(off.thinking == nil)
    }

    @Test("of a transcript from elsewhere count like any other, and so does ignoring them")
    func transcript() async throws {
        let model = try await ScriptedCheckpoint(obedient).load(.qwen3)
        let decoded = try Message(json: ["role": "user", "content": [["type": "text", "text": "Is it? /no_think"]]])
        #expect(SoftSwitch.latest(in: [decoded]) == .noThink)
        var options = greedy
        options.softSwitches = .ignored
        let session = ChatSession(model, transcript: Transcript([decoded]), options: options)
        // This model closes the block that was opened for it; what it may not do is leave it out.
        let reply = try await session.respond()
        #expect(reply.logProbabilities?.first?.id == model.tokenizer.id(of: "<think>") || reply.thinking != nil)
    }

    @Test("answerNow works after one too, should the model disregard it")
    func answerNow() async throws {
        let model = try await ScriptedCheckpoint(ThinkingBudgetTests.ponderer).load(.qwen3)
        let session = ChatSession(model, options: greedy)
        let stream = session.streamResponse(to: "Is it? /no_think")
        stream.answerNow()
        for try await event in stream {
            if case .finished(let reply) = event { #expect(reply.text == "yes") }
        }
    }
}
