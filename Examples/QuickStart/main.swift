import Qwen

let model = try await QwenLanguageModel.load()
let session = ChatSession(model, options: .greedy)

let reply = try await session.respond(to: "Start with 47. Add 38. Subtract 9.", thinking: .on)
print(reply.thinking ?? "")
print(reply.text, "(\(reply.usage.thinkingTokens) tokens of thinking)")
