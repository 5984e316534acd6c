import QwenChat

/// What a program has that depends on one layer: conversations to prompts, and no model.
@main
struct OneLayer {
    static func main() throws {
        print(try ChatTemplate(.qwen3).render([.user("Hello")]).text)
    }
}
