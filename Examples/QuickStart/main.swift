import Foundation
import Qwen

let checkpoint = URL(fileURLWithPath: "Checkpoints/SmolLM2-135M-Instruct")
let model = try await QwenLanguageModel.load(checkpoint)
let options = GenerationOptions(maxTokens: 200, temperature: 0)
let session = ChatSession(model, instructions: "Answer in one sentence.", options: options)

let reply = try await session.respond(to: "What is the capital of France?", thinking: .off)
print(reply.text, "(\(reply.usage.answerTokens) tokens)")
