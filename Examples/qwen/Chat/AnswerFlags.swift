import ArgumentParser
import Qwen

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

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

    @Option(help: "Guess tokens ahead where it pays, by a draft model or from earlier text (auto), or never (off).")
    var speculation = SpeculationName.auto

    @Option(help: ArgumentHelp("The checkpoint of a smaller model that guesses tokens.", valueName: "path"))
    var draft: String?

    /// The options that were asked for.
    var options: GenerationOptions {
        GenerationOptions(
            maxTokens: maxTokens,
            temperature: temperature,
            seed: seed,
            speculation: speculation == .auto ? .automatic : nil
        )
    }

    /// How to load a model that answers so.
    func loading(_ engine: EngineOptions) -> LoadingOptions {
        // Somebody waits for the first token.
        LoadingOptions(engine: engine, preparation: .duringUse, draft: draft.map { URL(fileURLWithPath: $0) })
    }
}

/// Whether tokens are guessed ahead.
enum SpeculationName: String, ExpressibleByArgument, CaseIterable {
    case auto
    case off
}
