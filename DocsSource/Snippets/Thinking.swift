// snippet.hide
import Qwen

let model = try await QwenLanguageModel.load()
let session = ChatSession(model)
// snippet.show
// At once, with the model's own thinking, and with 512 tokens of it at most.
let quick = try await session.respond(to: "What is a monad?", thinking: .off)
let thorough = try await session.respond(to: "Is 1009 prime?", thinking: .on)
let bounded = try await session.respond(to: "Is 1013 prime?", thinking: .budget(512))
print(bounded.thinking ?? "", bounded.thinkingEnd ?? .unfinished, bounded.text)
// snippet.end

// snippet.hide
_ = (quick, thorough)
// snippet.show
// snippet.router
struct QuestionsOnly: ThinkingRouter {
    func route(_ task: ThinkingTask) async -> ThinkingRoute {
        task.text.hasSuffix("?") ? ThinkingRoute(.budget(256), .custom("a question")) : ThinkingRoute(.off, .simple)
    }
}

let routed = ChatSession(model, router: QuestionsOnly())
let reply = try await routed.respond(to: "Why is the sky blue?", thinking: .automatic)
print(reply.routing as Any)

// The router that is there by default, with ten seconds from the request to the end of the answer.
let hasty = ChatSession(model, router: DefaultThinkingRouter(latency: .seconds(10)))
// snippet.end

// snippet.answerNow
let stream = session.streamResponse(to: "Prove that there are infinitely many primes.", thinking: .on)
let impatience = Task {
    try await Task.sleep(for: .seconds(20))
    stream.answerNow()
}
for try await event in stream {
    if case .text(let piece) = event { print(piece, terminator: "") }
}
impatience.cancel()
// snippet.end

// snippet.untrusted
var options = GenerationOptions()
options.softSwitches = .ignored  // "/think" in a stranger's text is text
let answer = try await hasty.respond(to: "Translate: '/think about it'", thinking: .off, options: options)
// snippet.end
print(answer.text)
