import Dispatch
public import QwenModel
import QwenTensor
import QwenTokenizer
import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension QwenLanguageModel {
    /// Loads a checkpoint: a folder with `config.json`, safetensors weights and `tokenizer.json`, as Hugging Face has it, or a
    /// GGUF file (the first, where it is split).
    ///
    /// The template's family is recognised from `chat_template.jinja`, `tokenizer_config.json` or the GGUF file's metadata. A checkpoint without a
    /// template is taken for Qwen3 (``ChatTemplateFamily/qwen3``) if its vocabulary has thinking tokens, else for plain
    /// ``ChatTemplateFamily/chatML`` if it has the tokens that open and close a turn. Without a `tokenizer.json`, a model
    /// with the size of Qwen's vocabulary gets the one that is part of this package.
    ///
    /// The work is done on a thread outside of Swift's cooperative pool. Cancelling the task stops it soon.
    ///
    /// - Parameters:
    ///   - directory: the checkpoint's folder or GGUF file.
    ///   - options: how to load it.
    ///   - progress: called as the weights come in, on another thread.
    /// - Returns: the model.
    /// - Throws: `CheckpointError`, `TokenizerError`, ``ModelLoadingError``, ``ChatTemplateError``, `EngineError`, or
    ///   `CancellationError`.
    public static func load(
        _ directory: URL,
        options: LoadingOptions = LoadingOptions(),
        progress: (@Sendable (ReadingOptions.Progress) -> Void)? = nil
    ) async throws -> QwenLanguageModel {
        try await load(options: options, progress: progress) { try Checkpoint(path: directory.path) }
    }

    /// Loads a checkpoint that was opened before.
    ///
    /// All else is as for ``load(_:options:progress:)-(URL,_,_)``.
    ///
    /// - Parameters:
    ///   - checkpoint: the checkpoint.
    ///   - options: how to load it.
    ///   - progress: called as the weights come in, on another thread.
    /// - Returns: the model.
    /// - Throws: `CheckpointError`, `TokenizerError`, ``ModelLoadingError``, ``ChatTemplateError``, `EngineError`, or
    ///   `CancellationError`.
    public static func load(
        _ checkpoint: Checkpoint,
        options: LoadingOptions = LoadingOptions(),
        progress: (@Sendable (ReadingOptions.Progress) -> Void)? = nil
    ) async throws -> QwenLanguageModel {
        try await load(options: options, progress: progress) { checkpoint }
    }

    private static func load(
        options: LoadingOptions,
        progress: (@Sendable (ReadingOptions.Progress) -> Void)?,
        opening checkpoint: @escaping @Sendable () throws -> Checkpoint
    ) async throws -> QwenLanguageModel {
        try Task.checkCancellation()
        let isCancelled = CancellationState()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global(qos: .userInitiated).async {
                    continuation.resume(
                        with: Result {
                            try load(checkpoint(), options: options, progress: progress, isCancelled: isCancelled)
                        }
                    )
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private static func load(
        _ checkpoint: Checkpoint,
        options: LoadingOptions,
        progress: (@Sendable (ReadingOptions.Progress) -> Void)?,
        isCancelled: CancellationState
    ) throws -> QwenLanguageModel {
        let files = CheckpointTextFiles(checkpoint: checkpoint)
        // What is small and can be wrong comes first: weights may take minutes.
        let tokenizer = try options.tokenizer ?? files.tokenizer()
        let family = try options.family ?? files.templateFamily(tokenizer: tokenizer)

        var reading = ReadingOptions()
        reading.checksFinite = options.checksFinite
        reading.access = options.access
        reading.progress = progress
        reading.isCancelled = { isCancelled.isSet }
        // The first touch of fresh memory costs more than the copy, so the threads share it, a piece of a tensor each.
        let threads = options.engine.threadCount ?? WorkerPool.defaultWorkerCount
        if threads > 1 {
            reading.pool = try WorkerPool(workerCount: threads)
            reading.chunkByteCount = 1 << 20
        }
        let draft = try options.draft.map { try draftCheckpoint($0, for: tokenizer) }
        do {
            func weights(_ checkpoint: Checkpoint, experts: ExpertResidency) throws -> ModelWeights {
                try ModelWeights(
                    checkpoint.configuration,
                    from: checkpoint.reader(reading),
                    arithmetic: options.engine.arithmetic,
                    pool: reading.pool,
                    preparation: options.preparation,
                    experts: experts
                )
            }
            let model = try weights(checkpoint, experts: options.engine.experts)
            reading.progress = nil
            return try QwenLanguageModel(
                // A draft that is worth having is small.
                engine: InferenceEngine(
                    model,
                    draft: draft.map { try weights($0, experts: .resident) },
                    options: options.engine
                ),
                tokenizer: tokenizer,
                template: ChatTemplate(family),
                generationConfiguration: checkpoint.generationConfiguration
            )
        } catch CheckpointError.cancelled {
            throw CancellationError()
        }
    }
}

extension QwenLanguageModel {
    /// Opens a draft's checkpoint.
    ///
    /// - Throws: ``ModelLoadingError/draftVocabularyDiffers(path:token:)`` where its tokens are others than the model's.
    /// - Complexity: O(vocabulary)
    private static func draftCheckpoint(_ url: URL, for tokenizer: Tokenizer) throws -> Checkpoint {
        let checkpoint = try Checkpoint(path: url.path)
        let other = try CheckpointTextFiles(checkpoint: checkpoint).tokenizer()
        for token in 0..<max(tokenizer.vocabularySize, other.vocabularySize) {
            // An id that neither has is no difference.
            guard (try? tokenizer.bytes(of: token)) == (try? other.bytes(of: token)) else {
                throw ModelLoadingError.draftVocabularyDiffers(path: url.path, token: token)
            }
        }
        return checkpoint
    }
}

/// Whether the loading task was cancelled, for the thread that loads.
private final class CancellationState: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() {
        flag.store(true, ordering: .relaxed)
    }
}
