import ArgumentParser
import Qwen

/// Text to token ids.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into token ids.",
        discussion: """
            Prints the ids of the text given, or of standard input. With --jsonl every line {"text": "…"} becomes \
            {"ids": […]}.
            """
    )

    @OptionGroup var vocabulary: TokenizerOptions

    @Flag(help: "Take the text of added tokens such as <|im_end|> for text like any other.")
    var plain = false

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @Argument(help: "The text; standard input if there is none.")
    var text: String?

    func validate() throws {
        if jsonl && text != nil { throw ValidationError("With --jsonl the texts come from standard input.") }
    }

    func run() throws {
        let tokenizer = try vocabulary.tokenizer()
        let handling = plain ? Tokenizer.AddedTokenHandling.disabled : .recognized
        guard jsonl else {
            let ids = tokenizer.encode(try text ?? StandardInput.readText(), addedTokens: handling)
            return try StandardOutput.write(ids.map(String.init).joined(separator: " ") + "\n")
        }
        try JSONLines.answerInParallel { line, output in
            let ids = tokenizer.encode(try line.requiredText("text"), addedTokens: handling)
            output += #"{"ids":"#.utf8
            appendJSON(ids, to: &output)
            output.append(UInt8(ascii: "}"))
        }
    }
}
