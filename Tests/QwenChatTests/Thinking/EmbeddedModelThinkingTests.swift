import Foundation
import QwenChat
import QwenModel
import QwenTokenizer
import Testing

/// The checkpoint of the embedded model, a small Qwen3 that was trained to think.
private let embedded: URL? = {
    let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
    return ["Sources/CQwenEmbedded/checkpoint", "Examples/EmbeddedModel/checkpoint"]
        .map { root.appending(path: $0) }
        .first { FileManager.default.fileExists(atPath: $0.appending(path: "model.safetensors").path) }
}()

@Suite("The embedded model thinks, and stops when told to", .enabled(if: embedded != nil))
struct EmbeddedModelThinkingTests {
    private let question = "Start with 47. Add 38. Subtract 9."
    private let greedy = GenerationOptions(maxTokens: 400, temperature: 0, logProbabilities: 0)

    private func model() async throws -> QwenLanguageModel {
        try await QwenLanguageModel.load(#require(embedded))
    }

    @Test("47 + 38 − 9 is 76")
    func thinking() async throws {
        let reply = try await ChatSession(model(), options: greedy).respond(to: question, thinking: .on)
        #expect(reply.text.contains("76"))
        #expect(reply.thinking?.contains("47") == true)
        #expect(reply.thinkingEnd == .model)
    }

    /// Qwen's recipe, written down as two generations: up to the budget; then, if neither the end of the thinking nor that
    /// of the turn has come, the sentence, and on with what remains of the tokens.
    private func recipe(_ prompt: [Int], budget: Int, _ model: QwenLanguageModel) async throws -> [Int] {
        func generate(_ ids: [Int], _ count: Int) async throws -> [Int] {
            let request = GenerationRequest(
                prompt: ids,
                sampling: .greedy,
                maxTokens: count,
                stopTokens: model.stopTokens
            )
            var tokens: [Int] = []
            for try await event in model.engine.generate(request, in: try model.engine.makeContext()) {
                if case .token(let token) = event { tokens.append(token.id) }
            }
            return tokens
        }
        let thought = try await generate(prompt, budget)
        var input = prompt + thought
        guard thought.count == budget else { return thought }
        if !thought.contains(try #require(model.tokenizer.id(of: "</think>"))) {
            input += model.tokenizer.encode(
                "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly "
                    + "now.\n</think>\n\n"
            )
        }
        let rest = try await generate(input, 400 - (input.count - prompt.count))
        return Array(input[prompt.count...]) + rest
    }

    @Test("with a budget its tokens are those of Qwen's recipe", arguments: [1, 2, 3, 8, 12, 20, 30, 60, 200])
    func recipe(budget: Int) async throws {
        let model = try await model()
        let session = ChatSession(model, options: greedy)
        let reply = try await session.respond(to: question, thinking: .budget(budget))
        let prompt = try model.template.render([.user(question)], enableThinking: true)
        let expected = try await recipe(model.tokenizer.encode(segments: prompt.segments), budget: budget, model)
        #expect(reply.logProbabilities?.map(\.id) == expected)
        let forced = reply.logProbabilities?.filter { $0.source == .thinkingControl }.map(\.id) ?? []
        #expect(forced.isEmpty == (reply.thinkingEnd == .model))
        if !forced.isEmpty { #expect(forced.count == 25) }
        #expect(!reply.text.isEmpty)
    }

    @Test("a budget of 8: a cut trace, the sentence, and an answer, as they come")
    func stream() async throws {
        let session = ChatSession(try await model(), options: greedy)
        var thinking = ""
        var text = ""
        for try await event in session.streamResponse(to: question, thinking: .budget(8)) {
            switch event {
            case .thinking(let piece):
                #expect(text.isEmpty)
                thinking += piece
            case .text(let piece): text += piece
            case .toolCallStarted, .toolCallDelta, .toolCall, .unknownTool, .malformedToolCall, .toolResult: break
            case .usage(let usage): #expect(usage.thinkingTokens == 8 + 25)
            case .finished(let response):
                #expect(response.thinkingEnd == .budget)
                #expect(response.usage.thinkingTokens == 8 + 25)
                #expect(response.text == text && response.thinking == thinking)
            }
        }
        let sentence =
            "Considering the limited time by the user, I have to give the solution based on the thinking directly now."
        #expect(thinking.hasSuffix("\n\n" + sentence))
        #expect(thinking.utf8.count > sentence.utf8.count + 4)
        #expect(!text.isEmpty && text.utf8.count < 200)
    }

    @Test("answerNow in the middle of a trace")
    func answerNow() async throws {
        let session = ChatSession(try await model(), options: greedy)
        let long = "Start with 47. Add 38. Subtract 9. Add 5. Add 6. Subtract 20. Add 11. Add 2. Subtract 3. Add 8."
        let stream = session.streamResponse(to: long, thinking: .on)
        var reply: Response?
        for try await event in stream {
            if case .thinking = event { stream.answerNow() }
            if case .finished(let response) = event { reply = response }
        }
        let response = try #require(reply)
        // The engine may have been quicker than this loop, on this model of some thousand tokens a second.
        if response.thinkingEnd == .answerNow {
            #expect(response.thinking?.hasSuffix("directly now.") == true)
        } else {
            #expect(response.thinkingEnd == .model)
        }
        #expect(!response.text.isEmpty)
    }
}
