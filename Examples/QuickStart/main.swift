import Foundation
import Qwen

let checkpoint = URL(fileURLWithPath: "Checkpoints/SmolLM2-135M-Instruct")
let model = try await QwenLanguageModel.load(checkpoint)
let session = ChatSession(model, instructions: "Answer briefly.")

let reply = try await session.respond(to: "What is the capital of France?", thinking: .off)
print(reply.text)
print(reply.usage.tokensPerSecond ?? 0, "tokens per second")
