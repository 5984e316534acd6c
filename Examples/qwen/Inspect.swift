import ArgumentParser
import Qwen
import QwenJSON

/// What a checkpoint holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what a checkpoint holds, and what it will take in memory.",
        discussion: """
            Reads the configuration and the headers of the weights, not the weights themselves. With --context or --batch it \
            tells what the model takes in memory with that many tokens in each of that many sequences.
            """
    )

    @Flag(help: "Print a JSON object.")
    var json = false

    @Option(help: "Plan the memory for this many tokens of each sequence, prompt and answer together.")
    var context: Int?

    @Option(help: "Plan the memory for this many sequences at the same time.")
    var batch: Int?

    @OptionGroup var engine: EngineFlags

    @Argument(help: ArgumentHelp("The checkpoint's folder or GGUF file; the small model in the program if not given."))
    var path: String?

    func run() throws {
        let checkpoint = try path.map { try Checkpoint(path: $0) } ?? .embedded
        var need: MemoryNeed?
        if context != nil || batch != nil {
            need = try MemoryNeed(
                checkpoint,
                engine.options(),
                context: context ?? checkpoint.configuration.contextLength,
                batch: batch ?? 1
            )
        }
        let facts = CheckpointFacts(checkpoint, need)
        try StandardOutput.write(json ? facts.json.serialized(.python(indentation: 2)) + "\n" : facts.text)
    }
}
