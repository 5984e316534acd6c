import QwenTokenizer

/// Counts the tokens of its arguments: no model, no download, nothing but the vocabulary in the program.
@main
struct CountTokens {
    static func main() {
        let text = CommandLine.arguments.dropFirst().joined(separator: " ")
        print(Tokenizer.qwen.count(text))
    }
}
