import Qwen

/// What a program that depends on swift-qwen can count on: a vocabulary and a model are there, wherever the program runs.
@main
struct Downstream {
    static func main() async throws {
        let ids = Tokenizer.qwen.encode("Hello, world!")
        print(ids.count, try Tokenizer.qwen.decode(ids))
        let session = ChatSession(try await QwenLanguageModel.load(), options: .greedy)
        print(try await session.respond(to: "Start with 47. Add 38.", thinking: .on).text)
    }
}
