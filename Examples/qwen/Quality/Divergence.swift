import ArgumentParser
import Foundation
import Qwen

/// How far a model's predictions are from another's: what quantising cost.
struct Divergence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare a model's predictions with a stored reference.",
        discussion: """
            First store what the reference model says of a text:
              qwen divergence --model REFERENCE --file TEXT --save FILE
            Then compare others with it:
              qwen divergence --model QUANTISED --reference FILE
            Printed are the mean Kullback-Leibler divergence in nats, how often both name the same likeliest token, and both \
            perplexities.
            """
    )

    @Option(help: ArgumentHelp("The checkpoint: a folder or a file.", valueName: "path"))
    var model: String

    @Option(help: ArgumentHelp("Where to store what the model says.", valueName: "path"))
    var save: String?

    @Option(help: ArgumentHelp("What to compare the model with.", valueName: "path"))
    var reference: String?

    @Option(help: ArgumentHelp("The text to judge by, with --save.", valueName: "path"))
    var file: String?

    @Option(help: "The tokens of a window, with --save.")
    var context = 512

    @Option(help: "The most windows, with --save.")
    var windows: Int?

    @OptionGroup var engine: EngineFlags

    func validate() throws {
        guard (save == nil) != (reference == nil) else { throw ValidationError("Give either --save or --reference.") }
        if save != nil, file == nil { throw ValidationError("--save needs a --file.") }
    }

    func run() async throws {
        let model = try await QwenLanguageModel.load(
            URL(fileURLWithPath: model),
            options: LoadingOptions(engine: engine.options())
        )
        if let save, let file {
            try await store(model, file: file, path: save)
        } else if let reference {
            try await compare(model, ReferenceFile(path: reference))
        }
    }

    private func store(_ model: QwenLanguageModel, file: String, path: String) async throws {
        var text = TextWindows()
        text.file = file
        text.context = context
        text.windows = windows
        try text.validate()
        let windows = try text.read(model.tokenizer)
        let writer = try ReferenceFile.Writer(
            path: path,
            vocabularySize: model.configuration.vocabularySize,
            windows: windows
        )
        for window in windows {
            let evaluation = try await model.engine.evaluate(window, logitsAt: Array(text.judged), likelihood: false)
            for logits in evaluation.logits { try writer.append(logProbabilities(logits)) }
        }
        print("\(windows.count) windows of \(context) tokens are in \(path)")
    }

    private func compare(_ model: QwenLanguageModel, _ reference: ReferenceFile) async throws {
        guard reference.vocabularySize == model.configuration.vocabularySize else {
            throw ReferenceFile.Failure.otherVocabulary(
                reference.vocabularySize,
                expected: model.configuration.vocabularySize
            )
        }
        var divergence = Mean()
        var same = Mean()
        var loss = Mean()
        var referenceLoss = Mean()
        for (number, window) in reference.windows.enumerated() {
            let evaluation = try await model.engine.evaluate(
                window,
                logitsAt: Array(reference.judged),
                likelihood: false
            )
            let expected = try reference.logProbabilities(ofWindow: number)
            for (row, position) in reference.judged.enumerated() {
                let p = expected[row]
                let q = logProbabilities(evaluation.logits[row])
                let next = window[position + 1]
                // Rounding leaves the reference's probabilities not quite adding up to 1; what is missing is no divergence.
                var total = 0.0
                var sum = 0.0
                for (p, q) in zip(p, q) {
                    let weight = exp(Double(p))
                    total += weight
                    sum += weight * Double(p - q)
                }
                divergence.add(sum / total + log(1 / total))
                let kernels = Kernels.current
                let agrees =
                    kernels.indexOfMaximum(p, count: p.count) == kernels.indexOfMaximum(q, count: q.count)
                same.add(agrees ? 1 : 0)
                loss.add(-Double(q[next]))
                referenceLoss.add(-Double(p[next]))
            }
        }
        func line(_ name: String, _ mean: Mean, digits: Int) -> String {
            "\(name) \(formatted(mean.value, digits: digits)) ± \(formatted(mean.error, digits: digits))"
        }
        print(line("divergence", divergence, digits: 6) + " nats")
        print(line("same top token", same, digits: 4))
        print(
            "perplexity \(formatted(exp(loss.value), digits: 4)), reference \(formatted(exp(referenceLoss.value), digits: 4))"
        )
    }
}
