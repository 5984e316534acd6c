import Qwen

/// One question with more and more room to think, from none to as much as the model wants.
@main
struct ThinkingBudgets {
    static func main() async throws {
        let model = try await QwenLanguageModel.load()
        let question = "Start with 57. Add 38. Multiply by 3. Subtract 19. Keep the last two digits."
        let modes: [(String, Thinking)] = [("off", .off), ("16", .budget(16)), ("48", .budget(48)), ("on", .on)]
        for (name, thinking) in modes {
            let session = ChatSession(model, options: .greedy)
            let reply = try await session.respond(to: question, thinking: thinking)
            let steps = reply.thinking?.split(separator: "\n").filter { $0.contains("=") } ?? []
            print(name, reply.usage.thinkingTokens, steps.joined(separator: "; "), reply.text, separator: " | ")
        }
    }
}
