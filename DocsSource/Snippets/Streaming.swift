// snippet.hide
import Qwen

let model = try await QwenLanguageModel.load()
let session = ChatSession(model)
// snippet.show
for try await event in session.streamResponse(to: "What is 17 * 23?", thinking: .budget(256)) {
    switch event {
    case .thinking(let trace): print("·", trace, terminator: "")
    case .text(let piece): print(piece, terminator: "")
    case .usage(let usage): print("\n\(usage.cachedTokens) of \(usage.promptTokens) prompt tokens were cached")
    case .finished(let reply): print("because of \(reply.finishReason)")
    default: break
    }
}
// snippet.end
