import ArgumentParser
import Qwen
import QwenJSON

/// Token ids to text.
struct Detokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn token ids into text.",
        discussion: """
            Prints the text of the ids given. With --jsonl every line {"ids": […]} becomes {"text": "…"}. Bytes that are \
            not UTF-8, such as half a character at the end, become U+FFFD in JSON; without --jsonl they are written as \
            they are.
            """
    )

    @OptionGroup var vocabulary: TokenizerOptions

    @Flag(help: "Leave out special tokens such as <|im_end|>.")
    var skipSpecial = false

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @Argument(help: "Token ids.")
    var ids: [Int] = []

    func validate() throws {
        if jsonl != ids.isEmpty { throw ValidationError("Give token ids, or --jsonl and the ids on standard input.") }
    }

    func run() throws {
        let tokenizer = try vocabulary.tokenizer()
        guard jsonl else {
            return try StandardOutput.write(tokenizer.decodeBytes(ids, skipSpecialTokens: skipSpecial))
        }
        try JSONLines.answerInParallel { line, output in
            let text = try tokenizer.decode(line.requiredIDs("ids"), skipSpecialTokens: skipSpecial)
            output += JSONValue.object(["text": .string(text)]).serializedBytes()
        }
    }
}
