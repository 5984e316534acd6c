import QwenChat
import QwenJSON
import QwenModel
import Testing

@Suite("A router of thinking")
struct ThinkingRouterTests {
    private func route(
        _ text: String,
        tools: [ToolDefinition] = [],
        tokens: Int = 50,
        support: ThinkingSupport = .hybrid,
        softSwitch: SoftSwitch? = nil,
        latency: Duration? = nil,
        speed: ModelSpeed? = nil
    ) async -> ThinkingRoute {
        let task = ThinkingTask(
            messages: [.user(text)],
            tools: tools,
            promptTokens: tokens,
            support: support,
            softSwitch: softSwitch,
            speed: { speed }
        )
        return await DefaultThinkingRouter(latency: latency).route(task)
    }

    @Test(
        "decides by what the task looks like",
        arguments: [
            ("Hello!", ThinkingRoute(.off, .simple)), ("Thanks, that helped.", ThinkingRoute(.off, .simple)),
            ("你好", ThinkingRoute(.off, .simple)),
            ("Translate “good morning” into French.", ThinkingRoute(.off, .simple)),
            ("What is the capital of France?", ThinkingRoute(.off, .simple)),
            ("Remind me on 2026-11-24 at 9.", ThinkingRoute(.off, .simple)),
            ("What is 17 * 23?", ThinkingRoute(.on, .reasoning)), ("12 - 5", ThinkingRoute(.on, .reasoning)),
            ("Start with 47. Add 38. Subtract 9.", ThinkingRoute(.on, .reasoning)),
            ("Is 1009 prime?", ThinkingRoute(.on, .reasoning)),
            ("Tom has 3 apples and buys 4. How many are there?", ThinkingRoute(.on, .reasoning)),
            ("Prove that the square root of 2 is irrational.", ThinkingRoute(.on, .reasoning)),
            ("证明根号二是无理数", ThinkingRoute(.on, .reasoning)), ("一共有多少个？", ThinkingRoute(.on, .reasoning)),
            ("Write a function that reverses a list.", ThinkingRoute(.on, .code)),
            ("写一段代码", ThinkingRoute(.on, .code)), ("```\nx\n```\nWhat does it do?", ThinkingRoute(.on, .code)),
            (String(repeating: "The garden is green. ", count: 50), ThinkingRoute(.budget(1024), .length)),
            ("Who? When? Where?", ThinkingRoute(.budget(1024), .length)), ("", ThinkingRoute(.off, .simple)),
        ]
    )
    func table(text: String, expected: ThinkingRoute) async {
        #expect(await route(text) == expected)
    }

    @Test("by the tools in play")
    func tools() async {
        let weather = ToolDefinition(name: "weather", parameters: ["type": "object"])
        #expect(await route("Weather in Kyoto?", tools: [weather]) == ThinkingRoute(.budget(256), .tools))
        #expect(await route("What is 3 * 4?", tools: [weather]) == ThinkingRoute(.on, .reasoning))
        let task = ThinkingTask(
            messages: [.user("What is 3 * 4?"), .assistant(""), .tool("12")],
            tools: [weather],
            promptTokens: 10
        )
        #expect(await DefaultThinkingRouter().route(task) == ThinkingRoute(.off, .toolResult))
    }

    @Test("by what the model can do, and by a soft switch")
    func support() async {
        #expect(await route("What is 3 * 4?", support: .never) == ThinkingRoute(.off, .onlyChoice))
        #expect(await route("Hello", support: .always) == ThinkingRoute(.on, .onlyChoice))
        #expect(await route("Hello", softSwitch: .think) == ThinkingRoute(.on, .softSwitch(.think)))
        #expect(await route("3 * 4", softSwitch: .noThink) == ThinkingRoute(.off, .softSwitch(.noThink)))
    }

    @Test("by the time there is and the model's speed")
    func latency() async {
        let slow = ModelSpeed(promptTokensPerSecond: 50, tokensPerSecond: 10)
        // 20.05 s, less 1 for the prompt and 12.8 for the answer: 6.25 s, or 62 tokens.
        let some = await route("17 * 23", latency: .milliseconds(20_050), speed: slow)
        #expect(some == ThinkingRoute(.budget(62), .latency(tokens: 62)))
        let none = await route("17 * 23", latency: .milliseconds(14_050), speed: slow)
        #expect(none == ThinkingRoute(.off, .latency(tokens: 2)))
        let late = await route("17 * 23", tokens: 100_000, latency: .seconds(20), speed: slow)
        #expect(late == ThinkingRoute(.off, .latency(tokens: 0)))
        let always = await route("17 * 23", support: .always, latency: .seconds(1), speed: slow)
        #expect(always == ThinkingRoute(.budget(0), .latency(tokens: 0)))
        // Enough for a small wish; and nothing to limit where there is none.
        let weather = ToolDefinition(name: "weather", parameters: ["type": "object"])
        let tools = await route("Rain?", tools: [weather], latency: .seconds(120), speed: slow)
        #expect(tools == ThinkingRoute(.budget(256), .tools))
        #expect(await route("Hello", latency: .seconds(0), speed: slow) == ThinkingRoute(.off, .simple))
        // Time for more than a model says is no limit.
        #expect(await route("17 * 23", latency: .seconds(3600), speed: slow) == ThinkingRoute(.on, .reasoning))
        // Without a speed the time cannot be judged.
        #expect(await route("17 * 23", latency: .seconds(1)) == ThinkingRoute(.on, .reasoning))
        let senseless = ModelSpeed(promptTokensPerSecond: 0, tokensPerSecond: .nan)
        #expect(await route("17 * 23", latency: .seconds(1), speed: senseless) == ThinkingRoute(.on, .reasoning))
        let endless = ModelSpeed(promptTokensPerSecond: .infinity, tokensPerSecond: .infinity)
        _ = await route("17 * 23", latency: .seconds(Int64.max / 4), speed: endless)
    }

    private let greedy = GenerationOptions(maxTokens: 1000, temperature: 0)

    @Test("of a session: asked for .automatic alone, and the reply tells")
    func session() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let session = ChatSession(model, options: greedy)
        let simple = try await session.respond(to: "Hello!", thinking: .automatic)
        #expect(simple.routing == ThinkingRoute(.off, .simple))
        #expect(simple.thinking == nil)
        let sum = try await session.respond(to: "What is 17 * 23?", thinking: .automatic)
        #expect(sum.routing == ThinkingRoute(.on, .reasoning))
        #expect(sum.thinking == "hm")
        let switched = try await session.respond(to: "What is 17 * 23? /no_think", thinking: .automatic)
        #expect(switched.routing == ThinkingRoute(.off, .softSwitch(.noThink)))
        #expect(switched.thinking == nil)
        var untrusting = greedy
        untrusting.softSwitches = .ignored
        let ignored = try await session.respond(to: "Hello /think", thinking: .automatic, options: untrusting)
        #expect(ignored.routing == ThinkingRoute(.off, .simple))
        #expect(try await session.respond(to: "Hello!").routing == nil)
    }

    /// Routes everything alike.
    private struct Constant: ThinkingRouter {
        let route: ThinkingRoute
        func route(_ task: ThinkingTask) async -> ThinkingRoute { route }
    }

    @Test("of the application's own, in one line")
    func replaced() async throws {
        let model = try await ScriptedCheckpoint(ThinkingBudgetTests.ponderer).load(.qwen3)
        let route = ThinkingRoute(.budget(3), .custom("always three"))
        let reply = try await ChatSession(model, options: greedy, router: Constant(route: route))
            .respond(to: "Hello!", thinking: .automatic)
        #expect(reply.routing == route)
        #expect(reply.thinkingEnd == .budget)
        #expect(reply.thinking?.hasPrefix("hm\n\nConsidering") == true)
        let circular = Constant(route: ThinkingRoute(.automatic, .custom("no idea")))
        let session = ChatSession(model, options: greedy, router: circular)
        #expect(try await session.respond(to: "Hello!", thinking: .automatic).thinkingEnd == .unfinished)
    }

    @Test("that asks for what the model cannot do is told so")
    func impossible() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3Instruct2507)
        let session = ChatSession(model, router: Constant(route: ThinkingRoute(.on, .custom("must"))))
        await #expect(throws: SessionError.thinkingNotSupported(requested: .on, support: .never)) {
            try await session.respond(to: "Hello!", thinking: .automatic)
        }
        #expect(!session.isResponding)
        let reply = try await ChatSession(model, options: greedy).respond(to: "3 * 4", thinking: .automatic)
        #expect(reply.routing == ThinkingRoute(.off, .onlyChoice))
    }

    @Test("has the model's speed, measured where no reply told it yet")
    func speed() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        #expect(model.speed == nil)
        // So short that even a model of two layers cannot think as long as it likes.
        let router = DefaultThinkingRouter(latency: .milliseconds(100), expectedAnswerTokens: 0)
        let session = ChatSession(model, options: greedy, router: router)
        let reply = try await session.respond(to: "17 * 23", thinking: .automatic)
        guard case .latency? = reply.routing?.reason else {
            Issue.record("\(String(describing: reply.routing))")
            return
        }
        let speed = try #require(model.speed)
        #expect(speed.tokensPerSecond > 0 && speed.promptTokensPerSecond > 0)
    }
}
