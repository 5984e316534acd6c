import ArgumentParser
import Qwen

/// How a command uses the machine.
struct EngineFlags: ParsableArguments {
    @Option(name: [.short, .long], help: "Threads that compute; the number of physical cores if not given.")
    var threads: Int?

    @Option(help: "The most prompt tokens computed in one pass.")
    var chunk = 512

    @Option(help: "The type in which keys and values are kept: f16, f32, or q8 for half of f16's memory.")
    var kvType: KeyValueTypeName?

    @Option(
        help: """
            How products with quantised weights treat their inputs: fast (8-bit integers), precise (16-bit integers) \
            or exact (floats).
            """
    )
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
    func options(keyValueType: KeyValueTypeName = .f16, arithmetic: ArithmeticName = .fast) -> EngineOptions {
        EngineOptions(
            threadCount: threads,
            prefillChunk: chunk,
            keyValueType: (kvType ?? keyValueType).type,
            arithmetic: (self.arithmetic ?? arithmetic).arithmetic,
            experts: experts?.residency ?? .automatic
        )
    }
}

/// The names of the kinds of arithmetic.
enum ArithmeticName: String, ExpressibleByArgument, CaseIterable {
    case fast
    case precise
    case exact

    var arithmetic: QwenTensor.Arithmetic {
        switch self {
        case .fast: .fast
        case .precise: .precise
        case .exact: .exact
        }
    }
}

/// The names of the types of keys and values.
enum KeyValueTypeName: String, ExpressibleByArgument, CaseIterable {
    case f16
    case f32
    case q8

    /// A name, or llama.cpp's for `q8`.
    init?(argument: String) {
        self.init(rawValue: argument == "q8_0" ? "q8" : argument)
    }

    var type: KeyValueType {
        switch self {
        case .f16: .float16
        case .f32: .float32
        case .q8: .int8
        }
    }
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
