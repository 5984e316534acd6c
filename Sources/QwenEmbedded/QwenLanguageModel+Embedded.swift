public import QwenChat
public import QwenModel

extension QwenLanguageModel {
    /// Loads the model that is part of the program; there is nothing to download or to find.
    ///
    /// See `Checkpoint.embedded` for what it is. The work is done on a thread outside of Swift's cooperative pool, in some
    /// ten milliseconds.
    ///
    /// - Parameters:
    ///   - options: how to load it.
    ///   - progress: called as the weights come in, on another thread.
    /// - Returns: the model.
    /// - Throws: `EngineError` if the options ask for what cannot be had, or `CancellationError`.
    public static func load(
        options: LoadingOptions = LoadingOptions(),
        progress: (@Sendable (ReadingOptions.Progress) -> Void)? = nil
    ) async throws -> QwenLanguageModel {
        try await load(.embedded, options: options, progress: progress)
    }
}
