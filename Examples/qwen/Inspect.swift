import ArgumentParser
import Qwen
import QwenJSON

/// What a checkpoint holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what a checkpoint holds.",
        discussion: "Reads the configuration and the headers of the weights, not the weights themselves."
    )

    @Flag(help: "Print a JSON object.")
    var json = false

    @Argument(help: ArgumentHelp("The checkpoint's folder or GGUF file; the small model in the program if not given."))
    var path: String?

    func run() throws {
        let facts = try CheckpointFacts(path.map { try Checkpoint(path: $0) } ?? .embedded)
        try StandardOutput.write(json ? facts.json.serialized(.python(indentation: 2)) + "\n" : facts.text)
    }
}
