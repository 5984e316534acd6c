import Qwen

/// What a program that depends on swift-qwen can count on: the vocabulary is there, wherever the program runs.
@main
struct Downstream {
    static func main() throws {
        let ids = Tokenizer.qwen.encode("Hello, world!")
        print(ids.count, try Tokenizer.qwen.decode(ids))
    }
}
