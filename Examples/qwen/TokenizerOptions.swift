import ArgumentParser
import Qwen

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which vocabulary a command uses.
struct TokenizerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A checkpoint's folder, whose tokenizer.json takes the place of Qwen's vocabulary.",
            valueName: "path"
        )
    )
    var model: String?

    func tokenizer() throws -> Tokenizer {
        guard let model else { return Tokenizer.qwen }
        return try Tokenizer(contentsOf: URL(fileURLWithPath: model).appendingPathComponent("tokenizer.json"))
    }
}
