import ArgumentParser
import Foundation
import Qwen

/// A text cut into windows of tokens, of which the second half is judged: the first half is context, so that no token is
/// judged with little before it. The convention is that of llama.cpp's perplexity tool.
struct TextWindows: ParsableArguments {
    @Option(help: ArgumentHelp("The text to judge by.", valueName: "path"))
    var file: String

    @Option(help: "The tokens of a window, an even number.")
    var context = 512

    @Option(help: "The most windows; all that the text fills if not given.")
    var windows: Int?

    func validate() throws {
        guard context >= 8, context % 2 == 0 else { throw ValidationError("--context must be even and at least 8.") }
        if let windows, windows < 1 { throw ValidationError("--windows must be at least 1.") }
    }

    /// The text's windows.
    func read(_ tokenizer: Tokenizer) throws -> [[Int]] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        let ids = tokenizer.encode(utf8: bytes, addedTokens: .disabled)
        guard ids.count >= context else {
            throw ValidationError("The text has \(ids.count) tokens, fewer than one window of \(context).")
        }
        return stride(from: 0, through: ids.count - context, by: context).prefix(windows ?? .max)
            .map { Array(ids[$0..<$0 + context]) }
    }

    /// The positions of a window after which the next token is judged.
    var judged: Range<Int> { context / 2..<context - 1 }
}

/// ln p of every token, from logits.
func logProbabilities(_ logits: [Float]) -> [Float] {
    let sum = Kernels.current.logSumExp(logits, count: logits.count)
    return logits.map { Float(Double($0) - sum) }
}

/// The mean of numbers and how sure it is.
struct Mean {
    private(set) var count = 0
    private var sum = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        squares += value * value
    }

    var value: Double { count == 0 ? 0 : sum / Double(count) }

    /// The standard error.
    var error: Double {
        guard count > 1 else { return 0 }
        let variance = max(0, squares / Double(count) - value * value)
        return (variance / Double(count - 1)).squareRoot()
    }
}
