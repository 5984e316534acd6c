import Qwen

/// Thinks about sums, as long as the numbers are many, and about nothing else.
struct SumsOnly: ThinkingRouter {
    func route(_ task: ThinkingTask) async -> ThinkingRoute {
        let numbers = task.text.split { !$0.isNumber }.count
        return numbers < 2
            ? ThinkingRoute(.off, .simple)
            : ThinkingRoute(.budget(32 * numbers), .custom("\(numbers) numbers"))
    }
}

let model = try await QwenLanguageModel.load()
let questions = ["Who are you?", "Start with 47. Add 38. Subtract 9."]

// The default decides by the task, and by the time that an answer may take on this machine.
let routers: [(name: String, router: any ThinkingRouter)] = [
    ("default", DefaultThinkingRouter()),
    ("an answer within a minute", DefaultThinkingRouter(latency: .seconds(60))),
    ("an answer at once", DefaultThinkingRouter(latency: .zero)),
    ("one of our own", SumsOnly()),
]
for (name, router) in routers {
    print(name)
    for question in questions {
        let session = ChatSession(model, options: .greedy, router: router)
        let reply = try await session.respond(to: question, thinking: .automatic)
        guard let route = reply.routing else { continue }
        print("  \(question) \(route.thinking), because of \(route.reason): \(reply.text)")
    }
}
