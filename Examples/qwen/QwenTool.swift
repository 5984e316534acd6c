import ArgumentParser

/// `qwen`: what the library does, on the command line.
@main
struct QwenTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qwen",
        abstract: "Run Qwen models on this machine's CPU.",
        discussion: """
            With --jsonl a command reads one JSON object a line from standard input and writes one a line to standard \
            output, in the same order, as soon as the input pauses. A line that cannot be answered gets {"error": "…"} \
            in its place; unless the command says otherwise, the status at the end is then 1.
            """,
        subcommands: [
            Chat.self, Tokenize.self, Detokenize.self, Render.self, Parse.self, Logits.self, Inspect.self, Bench.self,
            Quantize.self, Perplexity.self, Divergence.self, Eval.self,
            Pull.self, List.self, Remove.self,
            Generate.self, SchemaCommand.self,
        ]
    )
}
