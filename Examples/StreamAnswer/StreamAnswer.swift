import Foundation
import Qwen

/// Two turns of a conversation, printed as they come; the second computes only what is new.
///
///     StreamAnswer CHECKPOINT
@main
struct StreamAnswer {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else { return print("usage: StreamAnswer CHECKPOINT") }
        let model = try await QwenLanguageModel.load(URL(fileURLWithPath: CommandLine.arguments[1]))
        let session = ChatSession(model, options: GenerationOptions(maxTokens: 60, temperature: 0))

        for question in ["What is the capital of France?", "And of Italy?"] {
            print(">", question)
            for try await event in session.streamResponse(to: question) {
                switch event {
                case .thinking(let text): print(text, terminator: "")
                case .text(let text): print(text, terminator: "")
                case .finished(let reply):
                    print("\n(\(reply.usage.cachedTokens) of \(reply.usage.promptTokens) prompt tokens were cached)")
                default: break
                }
            }
        }
    }
}
