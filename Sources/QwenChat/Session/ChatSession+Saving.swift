import QwenModel

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension ChatSession {
    /// Writes the conversation to a file, with the keys and values of what was computed, so that it can be gone on with after the
    /// program has ended without computing it again.
    ///
    /// The file is about as large as the KV cache: its tokens times
    /// `ModelConfiguration.keyValueByteCount(tokens:storedAs:)` for one. For the conversation alone encode ``transcript``.
    ///
    /// ```swift
    /// try await session.save(to: file)
    /// // Later, in another process:
    /// let session = try await ChatSession(model, restoring: file)
    /// ```
    ///
    /// - Parameter file: the file, which is replaced if it exists. Only its owner may read it.
    /// - Throws: ``SessionError/alreadyResponding``, `SavedContextError`, or `CancellationError`.
    public func save(to file: URL) async throws {
        try claim()
        defer { release() }
        let attachment = try JSONEncoder().encode(transcript)
        try await model.engine.save(makeContext(), to: file.path, attachment: Array(attachment))
    }

    /// Goes on with a conversation that was saved.
    ///
    /// Its next answer computes what is new, as it would have in the session that was saved. Tools and policies are not in the
    /// file.
    ///
    /// - Parameters:
    ///   - model: the model that answers: the one that the session had, with the same engine options for keys and values and
    ///     arithmetic.
    ///   - file: what ``save(to:)`` wrote.
    ///   - tools: what the model may call; their names differ, or every request throws ``ToolCallingError``.
    ///   - toolPolicy: what the tools may do.
    ///   - options: what requests use that bring no options of their own.
    ///   - router: decides for requests with ``Thinking/automatic``.
    ///   - contextPolicy: what happens when the conversation no longer fits.
    ///   - contextLength: the most tokens that the conversation may have, answers included; `nil` for the model's maximum.
    /// - Throws: `SavedContextError` for a file of another model, or one that is cut off or damaged; `DecodingError` or
    ///   ``TranscriptError`` where it holds no conversation; `EngineError`, `TensorError` or `CancellationError`.
    public convenience init(
        _ model: QwenLanguageModel,
        restoring file: URL,
        tools: [any Tool] = [],
        toolPolicy: ToolPolicy = ToolPolicy(),
        options: GenerationOptions = GenerationOptions(),
        router: any ThinkingRouter = DefaultThinkingRouter(),
        contextPolicy: ContextPolicy = .error,
        contextLength: Int? = nil
    ) async throws {
        let restored = try await model.engine.restoreContext(from: file.path, capacity: contextLength)
        let transcript = try JSONDecoder().decode(Transcript.self, from: Data(restored.attachment))
        self.init(
            model,
            transcript: transcript,
            tools: tools,
            toolPolicy: toolPolicy,
            options: options,
            router: router,
            contextPolicy: contextPolicy,
            contextLength: contextLength
        )
        adopt(restored.context)
    }
}
