import ArgumentParser
import Dispatch
import Qwen
import QwenJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How often a model is right.
struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how often a model is right, by steps and by thinking.",
        discussion: """
            Asks the items of a file, one JSON object a line: {"set", "steps", "messages", "tools", "answer", "match"}, \
            where "match" is "number" (the last number in the answer counts) or "exact". Prints tables with 95 % Wilson \
            intervals. Answers take the likeliest token always, so that they are repeatable.
            """
    )

    @OptionGroup var model: ModelOption

    @Option(help: ArgumentHelp("The file with the items.", valueName: "path"))
    var items: String

    @Option(help: "The most items of each set.")
    var count = Int.max

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "How to think: off, on, auto, or a budget in tokens. Budgets are used for items that take steps.",
            valueName: "mode"
        )
    )
    var thinking = ["off", "8", "16", "32", "64", "on"].compactMap(ThinkingMode.init(argument:))

    @Option(parsing: .upToNextOption, help: ArgumentHelp("The sets to ask; all if not given.", valueName: "name"))
    var sets: [String] = []

    @Flag(help: "Draw tokens as the model's authors recommend, with fixed seeds.")
    var sample = false

    @Option(help: "Copies of the model that work side by side, a thread each; one with all threads if not given.")
    var copies: Int?

    @Option(help: ArgumentHelp("Where to write the tables as Markdown.", valueName: "path"))
    var markdown: String?

    @Option(help: ArgumentHelp("Where to write a plot of accuracy by steps.", valueName: "path"))
    var svg: String?

    @Option(help: ArgumentHelp("Where to write the counts.", valueName: "path"))
    var json: String?

    @Option(help: ArgumentHelp("Fail if a set is right less often with thinking on.", valueName: "share"))
    var require: Double?

    @Flag(help: "Show wrong answers on standard error.")
    var showWrong = false

    func validate() throws {
        if let copies, copies < 1 { throw ValidationError("--copies must be at least 1.") }
        if count < 1 { throw ValidationError("--count must be at least 1.") }
        if Set(thinking).count < thinking.count { throw ValidationError("--thinking names a mode twice.") }
    }

    func run() async throws {
        let wanted = Set(sets)
        let items = try EvalItem.read(path: items, count: count).filter { wanted.isEmpty || wanted.contains($0.set) }
        let tasks = items.flatMap { item in
            thinking.filter { item.isAsked(in: $0) }.map { EvalTask(item: item, mode: $0) }
        }
        guard !tasks.isEmpty else { throw ValidationError("There is nothing to ask.") }
        var options = LoadingOptions()
        if copies != nil { options.engine.threadCount = 1 }
        var runners: [EvalRunner] = []
        for _ in 0..<(copies ?? 1) { runners.append(EvalRunner(model: try await model.load(options), samples: sample)) }

        let report = EvalReport(results: try await run(tasks, on: runners))
        try StandardOutput.write(report.markdown)
        try write(report.markdown, to: markdown)
        try write(report.json.serialized(.python(indentation: 1)) + "\n", to: json)
        try write(AccuracyPlot(report).svg, to: svg)
        for result in report.results where result.mode.thinking == .on && result.share < require ?? 0 {
            throw EvalError.belowRequirement(result)
        }
    }

    /// Shares the tasks out among copies of the model.
    private func run(_ tasks: [EvalTask], on runners: [EvalRunner]) async throws -> [EvalResult] {
        try await withThrowingTaskGroup(of: [EvalResult].self) { group in
            for (number, runner) in runners.enumerated() {
                group.addTask {
                    var results: [EvalResult] = []
                    for index in stride(from: number, to: tasks.count, by: runners.count) {
                        let task = tasks[index]
                        let (result, answer) = try await runner.run(task.item, task.mode, seed: UInt64(index))
                        results.append(result)
                        if showWrong && result.right == 0 { task.showWrong(answer) }
                    }
                    return results
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func write(_ text: String, to path: String?) throws {
        guard let path else { return }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}

/// An item to ask in one mode.
struct EvalTask: Sendable {
    let item: EvalItem
    let mode: ThinkingMode

    func showWrong(_ answer: String) {
        let question = item.messages.last?.text ?? ""
        StandardOutput.writeError(
            "\(item.set), thinking \(mode.name): \(question)\n  \(answer)\n  not \(item.answer)\n"
        )
    }
}

/// A model is not as good as it was required to be.
enum EvalError: Error, CustomStringConvertible {
    case belowRequirement(EvalResult)

    var description: String {
        switch self {
        case .belowRequirement(let result):
            "\(result.set): only \(result.right) of \(result.count) are right with thinking."
        }
    }
}
