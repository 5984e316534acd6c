import ArgumentParser
import Qwen

/// How a command uses the machine.
struct EngineFlags: ParsableArguments {
    @Option(name: [.short, .long], help: "Threads that compute; the number of physical cores if not given.")
    var threads: Int?

    @Option(help: "The most prompt tokens computed in one pass.")
    var chunk = 512

    @Option(help: "The type in which keys and values are kept: f16 or f32.")
    var kvType: KeyValueType?

    @Option(help: "How products treat their inputs: fast (8-bit integers with quantised weights) or exact (floats).")
    var arithmetic: ArithmeticName?

    @Option(
        help: ArgumentHelp(
            "Where the experts of a mixture are: resident, automatic, or on demand within so many bytes (K, M and G multiply).",
            valueName: "resident|automatic|bytes"
        )
    )
    var experts: ExpertsOption?

    /// The options that were asked for.
    ///
    /// - Parameters:
    ///   - keyValueType: what the command uses where nothing was asked for.
    ///   - arithmetic: likewise.
    /// - Returns: the options of an engine.
    func options(keyValueType: KeyValueType = .f16, arithmetic: ArithmeticName = .fast) -> EngineOptions {
        EngineOptions(
            threadCount: threads,
            prefillChunk: chunk,
            keyValueType: (kvType ?? keyValueType) == .f16 ? .float16 : .float32,
            arithmetic: (self.arithmetic ?? arithmetic) == .fast ? .fast : .exact,
            experts: experts?.residency ?? .automatic
        )
    }
}

/// The names of the kinds of arithmetic.
enum ArithmeticName: String, ExpressibleByArgument, CaseIterable {
    case fast
    case exact
}

/// A type of keys and values, by the names that llama.cpp gives them.
enum KeyValueType: String, ExpressibleByArgument, CaseIterable {
    case f16
    case f32
}

/// Where experts are, as it is said on the command line.
struct ExpertsOption: ExpressibleByArgument {
    let residency: ExpertResidency

    init?(argument: String) {
        switch argument {
        case "resident": residency = .resident
        case "automatic": residency = .automatic
        default:
            let shift = ["K": 10, "M": 20, "G": 30][argument.suffix(1).uppercased()]
            guard let number = Int(shift == nil ? argument[...] : argument.dropLast()), number > 0 else { return nil }
            let (byteCount, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
            guard !overflow else { return nil }
            residency = .onDemand(byteLimit: byteCount)
        }
    }
}
