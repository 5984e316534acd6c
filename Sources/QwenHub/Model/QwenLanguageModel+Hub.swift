public import QwenChat
public import QwenModel

extension QwenLanguageModel {
    /// Loads a model by its name: finds it on the disk, or downloads it first.
    ///
    /// ```swift
    /// let model = try await QwenLanguageModel.load("Qwen/Qwen3-0.6B")
    /// ```
    ///
    /// For what a name can be see ``ModelReference``; for where models are kept, how they are checked and what happens without
    /// a network see ``HubClient/fetch(_:progress:)``. On Linux downloading needs the package's trait `Hub`; what is on the
    /// disk is found without it.
    ///
    /// - Parameters:
    ///   - name: `Qwen/Qwen3-0.6B`, `Qwen/Qwen3-0.6B-GGUF:Q8_0`, `ollama:qwen3:0.6b`, …
    ///   - hub: what finds and downloads.
    ///   - options: how to load the checkpoint.
    ///   - downloading: called some times a second while files come in, on any thread.
    ///   - progress: called as the weights are read, on another thread.
    /// - Returns: the model.
    /// - Throws: ``HubError``, and what `load(_:options:progress:)` throws for a folder.
    public static func load(
        _ name: String,
        from hub: HubClient = HubClient(),
        options: LoadingOptions = LoadingOptions(),
        downloading: (@Sendable (HubProgress) -> Void)? = nil,
        progress: (@Sendable (ReadingOptions.Progress) -> Void)? = nil
    ) async throws -> QwenLanguageModel {
        let place = try await hub.fetch(ModelReference(name), progress: downloading)
        return try await load(place, options: options, progress: progress)
    }
}
