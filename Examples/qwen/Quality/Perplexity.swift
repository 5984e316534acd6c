import ArgumentParser
import Foundation
import Qwen

/// How well a model foretells a text.
struct Perplexity: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a model's perplexity on a text.",
        discussion: """
            The text is cut into windows, and the tokens of each window's second half are judged. The figure is comparable \
            with that of llama.cpp's perplexity tool for the same text and window.
            """
    )

    @Option(help: ArgumentHelp("The checkpoint: a folder or a file.", valueName: "path"))
    var model: String

    @OptionGroup var text: TextWindows
    @OptionGroup var engine: EngineFlags

    func run() async throws {
        let model = try await QwenLanguageModel.load(
            URL(fileURLWithPath: model),
            options: LoadingOptions(engine: engine.options())
        )
        var loss = Mean()
        let windows = try text.read(model.tokenizer)
        for (number, window) in windows.enumerated() {
            let evaluation = try await model.engine.evaluate(
                window,
                logitsAt: Array(text.judged),
                likelihood: false
            )
            for (position, logits) in zip(text.judged, evaluation.logits) {
                let sum = Kernels.current.logSumExp(logits, count: logits.count)
                loss.add(sum - Double(logits[window[position + 1]]))
            }
            let so = formatted(exp(loss.value), digits: 4)
            FileHandle.standardError.write(Data("\r\(number + 1)/\(windows.count)  \(so) ".utf8))
        }
        FileHandle.standardError.write(Data("\r".utf8))
        let perplexity = exp(loss.value)
        print(
            "perplexity \(formatted(perplexity, digits: 4)) ± \(formatted(perplexity * loss.error, digits: 4))"
                + " over \(grouped(loss.count)) tokens"
        )
    }
}
