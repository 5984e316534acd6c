import ArgumentParser
import Qwen

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which model a command uses.
struct ModelOption: ParsableArguments {
    @Option(
        name: .customLong("model"),
        help: ArgumentHelp(
            """
            The checkpoint's folder or GGUF file, or for commands that talk a name as `pull` takes it; the small model in \
            the program if not given.
            """,
            valueName: "path"
        )
    )
    var path: String?

    /// The checkpoint, opened and checked; the weights are not read yet.
    func checkpoint() throws -> Checkpoint {
        try path.map { try Checkpoint(path: $0) } ?? .embedded
    }

    /// Loads the model, with a bar meanwhile.
    func load(_ options: LoadingOptions) async throws -> QwenLanguageModel {
        let place: URL? = if let path { try await ModelPlace.find(path) } else { nil }
        let bar = LoadingBar()
        defer { bar.clear() }
        let progress: @Sendable (ReadingOptions.Progress) -> Void = { bar.show($0) }
        guard let place else { return try await .load(options: options, progress: progress) }
        return try await .load(place, options: options, progress: progress)
    }
}
