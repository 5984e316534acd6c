import Foundation
import QwenChat
import QwenJSON
import QwenModel
import QwenSchema
import QwenTokenizer
import Synchronization
import Testing

/// The checkpoint of the embedded model, a small Qwen3 that was trained to call tools.
private let embedded: URL? = {
    let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
    return ["Sources/CQwenEmbedded/checkpoint", "Examples/EmbeddedModel/checkpoint"]
        .map { root.appending(path: $0) }
        .first { FileManager.default.fileExists(atPath: $0.appending(path: "model.safetensors").path) }
}()

/// What a tool was asked for.
final class CallLog: Sendable {
    private let entries = Mutex<[String]>([])
    var all: [String] { entries.withLock { $0 } }
    func add(_ entry: String) { entries.withLock { $0.append(entry) } }
}

private struct Weather: Tool {
    struct Arguments: Decodable { var city: String }

    let log: CallLog
    var result = #"{"temperature": 21, "sky": "sunny"}"#
    var failure: (any Error)?
    let name = "get_weather"
    let description = "Get the weather in a city."

    func call(arguments: Arguments) async throws -> String {
        log.add(arguments.city)
        if let failure { throw failure }
        return result
    }
}

private struct Calculator: Tool {
    struct Arguments: Decodable { var expression: String }

    let log: CallLog
    let name = "calculate"
    let description = "Work out an expression."

    func call(arguments: Arguments) async throws -> Int {
        log.add(arguments.expression)
        return 4711
    }
}

private struct Broken: Error, CustomStringConvertible { let description = "no network" }

@Suite("The embedded model calls tools", .enabled(if: embedded != nil))
struct ToolSessionTests {
    private let greedy = GenerationOptions(maxTokens: 300, temperature: 0)
    private let question = "What is the weather in Paris?"

    private func model() async throws -> QwenLanguageModel {
        try await QwenLanguageModel.load(#require(embedded))
    }

    @Test("a round trip, and the second round computes little more than the result", arguments: [Thinking.on, .off])
    func roundTrip(thinking: Thinking) async throws {
        let log = CallLog()
        let session = ChatSession(try await model(), tools: [Weather(log: log), Calculator(log: log)], options: greedy)
        let reply = try await session.respond(to: question, thinking: thinking)
        #expect(log.all == ["Paris"])
        #expect(reply.text == "It is 21 degrees and sunny in Paris.")
        #expect(reply.toolCalls.map(\.name) == ["get_weather"])
        #expect(session.transcript.messages.map(\.role) == [.user, .assistant, .tool, .assistant])
        #expect(session.transcript.messages[2].toolCallID == session.transcript.messages[1].toolCalls[0].id)
        #expect(reply.rounds.count == 2)
        let (first, second) = (reply.rounds[0], reply.rounds[1])
        // With thinking, the model's own turn is what the template writes: only its end and the result are new.
        let known = thinking == .on ? first.promptTokens + first.generatedTokens : first.promptTokens - 4
        #expect(second.cachedTokens >= known)
        #expect(second.promptTokens - second.cachedTokens < (thinking == .on ? 40 : 100))
    }

    @Test("numbers", arguments: [("Calculate 12 * 34.", "12 * 34")])
    func calculator(question: String, expression: String) async throws {
        let log = CallLog()
        let session = ChatSession(try await model(), tools: [Calculator(log: log)], options: greedy)
        let reply = try await session.respond(to: question, thinking: .on)
        #expect(log.all == [expression])
        #expect(reply.text == "The result is 4711.")
    }

    @Test("two calls in one turn")
    func parallel() async throws {
        let log = CallLog()
        let session = ChatSession(try await model(), tools: [Weather(log: log)], options: greedy)
        let reply = try await session.respond(to: "What is the weather in Paris and in London?", thinking: .on)
        #expect(Set(log.all) == ["Paris", "London"])
        #expect(reply.messages.prefix(3).map(\.role) == [.assistant, .tool, .tool])
    }

    @Test("one thinking budget for all rounds of a request")
    func budget() async throws {
        let model = try await model()
        let ask: (Thinking) async throws -> Response = { thinking in
            let session = ChatSession(model, tools: [Weather(log: CallLog())], options: greedy)
            return try await session.respond(to: question, thinking: thinking)
        }
        let free = try await ask(.on)
        let (first, second) = (free.rounds[0].thinkingTokens, free.rounds[1].thinkingTokens)
        #expect(first > 4 && second > 4)
        let enough = try await ask(.budget(first + second))
        #expect(enough.messages == free.messages)
        // Three tokens are left after the call: the second round's thinking is cut, and the answer still follows.
        let cut = try await ask(.budget(first + 3))
        #expect(cut.rounds[0].thinkingTokens == first)
        #expect(cut.messages.prefix(2) == free.messages.prefix(2))
        let sentence = model.tokenizer.encode(ThinkingBudgetTests.sentence + "\n</think>\n\n").count
        #expect(cut.rounds[1].thinkingTokens == 3 + sentence)
        #expect(cut.thinkingEnd == .budget)
        #expect(cut.text == free.text)
        #expect(cut.finishReason == .stop)
    }

    @Test("the events tell all of it, in order")
    func events() async throws {
        let session = ChatSession(try await model(), tools: [Weather(log: CallLog())], options: greedy)
        var kinds: [String] = []
        var deltas = ""
        for try await event in session.streamResponse(to: question, thinking: .on) {
            let kind =
                switch event {
                case .thinking: "thinking"
                case .text: "text"
                case .toolCallStarted(let name): "started \(name)"
                case .toolCallDelta: "delta"
                case .toolCall(let call): "call \(call.arguments)"
                case .unknownTool, .malformedToolCall: "bad"
                case .toolResult(let result): "result \(result.isError)"
                case .usage: "usage"
                case .finished: "finished"
                }
            if case .toolCallDelta(let text) = event { deltas += text }
            if kinds.last != kind { kinds.append(kind) }
        }
        #expect(
            kinds == [
                "thinking", "started get_weather", "delta", #"call {"city":"Paris"}"#, "usage", "result false",
                "thinking", "text", "usage", "finished",
            ]
        )
        #expect(deltas == #"{"city": "Paris"}"#)
    }

    @Test("what a tool throws goes to the model, or to the caller who asks for it")
    func thrown() async throws {
        let log = CallLog()
        let weather = Weather(log: log, failure: Broken())
        let session = ChatSession(try await model(), tools: [weather], options: greedy)
        let reply = try await session.respond(to: question, thinking: .on)
        #expect(reply.messages[1].text == "Error: no network")
        #expect(log.all.first == "Paris")

        let throwing = ChatSession(
            try await model(),
            tools: [weather],
            toolPolicy: ToolPolicy(throwsErrors: true),
            options: greedy
        )
        await #expect(throws: Broken.self) { try await throwing.respond(to: question, thinking: .on) }
        #expect(throwing.transcript.isEmpty && !throwing.isResponding)
    }

    @Test("the policy refuses, replaces and stops")
    func review() async throws {
        let model = try await model()
        func session(_ decision: ToolPolicy.Decision, _ log: CallLog) -> ChatSession {
            ChatSession(
                model,
                tools: [Weather(log: log)],
                toolPolicy: ToolPolicy(maximumRounds: 3, review: { _ in decision }),
                options: greedy
            )
        }
        let log = CallLog()
        let replaced = session(.replaceResult(#"{"temperature": 3, "sky": "rainy"}"#), log)
        #expect(try await replaced.respond(to: question, thinking: .on).text.contains("3 degrees"))
        await #expect(throws: ToolCallingError.self) {
            try await session(.stop, log).respond(to: question, thinking: .on)
        }
        #expect(log.all.isEmpty)
        let other = session(.replaceArguments(["city": "Rome"]), log)
        _ = try await other.respond(to: question, thinking: .on)
        #expect(log.all == ["Rome"])
        let wrong = session(.replaceArguments(["town": "Rome"]), log)
        let reply = try? await wrong.respond(to: question, thinking: .on)
        #expect(log.all == ["Rome"])
        if let reply { #expect(reply.messages[1].text.contains("missing: city")) }
    }

    @Test("a choice is kept to, or checked")
    func choice() async throws {
        let session = ChatSession(try await model(), tools: [Weather(log: CallLog())], options: greedy)
        func options(_ choice: ToolChoice) -> GenerationOptions {
            var options = greedy
            options.toolChoice = choice
            return options
        }
        for thinking in [Thinking.on, .off] {
            let hello = ChatSession(session.model, tools: session.tools, options: greedy)
            let reply = try await hello.respond(to: "Hello!", thinking: thinking, options: options(.required))
            #expect(!reply.messages[0].toolCalls.isEmpty)
            #expect(reply.messages[0].toolCalls.allSatisfy { $0.arguments["city"]?.string != nil })
        }
        let free = ChatSession(
            session.model,
            tools: session.tools,
            toolPolicy: ToolPolicy(constrainsCalls: false),
            options: greedy
        )
        await #expect(throws: ToolCallingError.self) {
            try await free.respond(to: "Hello!", thinking: .on, options: options(.required))
        }
        await #expect(throws: ToolCallingError.unknownChoice("other")) {
            try await session.respond(to: question, options: options(.named("other")))
        }
        #expect(session.transcript.isEmpty)
        let reply = try await session.respond(to: question, thinking: .on, options: options(.named("get_weather")))
        #expect(reply.toolCalls.count == 1)
        let none = try await session.respond(to: question, thinking: .on, options: options(.none))
        #expect(none.toolCalls.isEmpty)
    }

    @Test("a result that is too long is cut, and the model is told")
    func cut() async throws {
        let weather = Weather(log: CallLog(), result: String(repeating: "é", count: 100))
        let policy = ToolPolicy(maximumResultBytes: 21)
        let session = ChatSession(try await model(), tools: [weather], toolPolicy: policy, options: greedy)
        let reply = try await session.respond(to: question, thinking: .on)
        #expect(
            reply.messages[1].text == String(repeating: "é", count: 10)
                + "\n[The result has 200 bytes; only the first 21 are shown.]"
        )
    }
}
