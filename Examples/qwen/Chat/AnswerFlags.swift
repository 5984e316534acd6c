import ArgumentParser
import Qwen

/// How a model answers.
struct AnswerFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to think: off, on, auto (routed), or a budget in tokens; the model's own way if not given.",
            valueName: "mode"
        )
    )
    var thinking: ThinkingMode?

    @Option(help: "The most tokens in an answer, thinking included.")
    var maxTokens: Int?

    @Option(help: "0 takes the likeliest token always; 1 leaves the model's distribution as it is.")
    var temperature: Double?

    @Option(help: "Makes the answer repeatable.")
    var seed: UInt64?

    /// The options that were asked for.
    var options: GenerationOptions {
        GenerationOptions(maxTokens: maxTokens, temperature: temperature, seed: seed)
    }
}
