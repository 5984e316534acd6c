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

    /// The options that were asked for.
    ///
    /// - Parameter keyValueType: what the command uses where nothing was asked for.
    /// - Returns: the options of an engine.
    func options(keyValueType: KeyValueType = .f16) -> EngineOptions {
        EngineOptions(
            threadCount: threads,
            prefillChunk: chunk,
            keyValueType: (kvType ?? keyValueType) == .f16 ? .float16 : .float32
        )
    }
}

/// A type of keys and values, by the names that llama.cpp gives them.
enum KeyValueType: String, ExpressibleByArgument, CaseIterable {
    case f16
    case f32
}
