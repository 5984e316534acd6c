import Qwen

// The same question with less and less time to think.
let model = try await QwenLanguageModel.load()
let question = "Start with 47. Add 38. Subtract 9."

for thinking: Thinking in [.on, .budget(8), .off] {
    let reply = try await ChatSession(model, options: .greedy).respond(to: question, thinking: thinking)
    print("\(thinking): \(reply.usage.thinkingTokens) tokens of thinking,", reply.text)
    if reply.thinkingEnd == .budget { print("(cut:", reply.thinking ?? "", terminator: ")\n") }
}

// A person who cannot wait any longer: the model answers with what it has.
let stream = ChatSession(model, options: .greedy).streamResponse(to: question, thinking: .on)
for try await event in stream {
    switch event {
    case .thinking: stream.answerNow()
    case .finished(let reply): print("ended by \(reply.thinkingEnd?.rawValue ?? "nobody"):", reply.text)
    default: break
    }
}
