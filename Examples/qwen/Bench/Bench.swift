import ArgumentParser
import Qwen
import QwenJSON

/// How fast a model runs here.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure prefill and decode speed.",
        discussion: """
            The terms are llama-bench's: pp N computes N prompt tokens in one go, tg N computes N tokens one after another, \
            both after D tokens of context. Tokens are random, each test runs once unmeasured (but for --no-warmup) and then R times, and the \
            speed is the mean over the runs with their standard deviation. With -b B, B sequences generate N tokens each at the \
            same time, and the speed is that of all of them together. Decoding here includes choosing the likeliest \
            token, which llama-bench leaves out; and it starts after one token of context where D is 0, since something \
            must be continued.
            """
    )

    @OptionGroup var model: ModelOption

    @Option(name: .customShort("p"), help: "Prompt tokens; 0 for no prefill test.")
    var promptTokens = 512

    @Option(name: .customShort("n"), help: "Generated tokens; 0 for no decode test.")
    var generatedTokens = 64

    @Option(name: .customShort("d"), help: "Tokens of context before either.")
    var depth = 0

    @Option(name: .customShort("b"), help: "Sequences that generate at the same time; 1 for the plain decode test.")
    var sequences = 1

    @Option(name: .customShort("r"), help: "Measured runs of each test.")
    var repetitions = 5

    @OptionGroup var engine: EngineFlags

    @Flag(help: "Do not run each test once unmeasured before.")
    var noWarmup = false

    @Flag(help: "Bring the weights into memory while the model is used, so that the first token comes sooner.")
    var deferWeights = false

    @Flag(help: "Print a JSON array with an object for each test.")
    var json = false

    func validate() throws {
        guard promptTokens >= 0, generatedTokens >= 0, depth >= 0, repetitions >= 1, (1...256).contains(sequences)
        else {
            throw ValidationError(
                "-p, -n and -d must not be negative, -r must be at least 1, and -b lies within 1 and 256."
            )
        }
        guard promptTokens > 0 || generatedTokens > 0 else { throw ValidationError("Nothing to measure.") }
    }

    func run() async throws {
        let checkpoint = try model.checkpoint()
        let context = checkpoint.configuration.contextLength
        // One more token than is generated, and one of context at least; no sum overflows below the context's length.
        guard [promptTokens, generatedTokens, depth].allSatisfy({ $0 < context }),
            max(depth + promptTokens, max(depth, 1) + generatedTokens) + 1 <= context
        else {
            throw SpeedTestError.contextTooSmall(context)
        }
        let benchmark = SpeedTest(
            engine: try checkpoint.startEngine(engine.options(), preparing: deferWeights ? .duringUse : .beforeUse),
            depth: depth,
            warmsUp: !noWarmup
        )
        var tests: [SpeedTest.Result] = []
        if promptTokens > 0 {
            tests.append(try await benchmark.prefill(promptTokens, repetitions: repetitions))
        }
        if generatedTokens > 0 {
            tests.append(
                sequences == 1
                    ? try await benchmark.decode(generatedTokens, repetitions: repetitions)
                    : try await benchmark.batch(sequences, of: generatedTokens, repetitions: repetitions)
            )
        }
        let report = BenchReport(checkpoint: checkpoint, engine: benchmark.engine, tests: tests)
        try StandardOutput.write(json ? report.json.serialized(.python(indentation: 2)) + "\n" : report.text)
    }
}
