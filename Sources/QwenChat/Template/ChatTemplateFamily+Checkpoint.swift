public import QwenModel

extension ChatTemplateFamily {
    /// Tells which template a checkpoint's model was trained on, without loading the weights.
    ///
    /// The rules are those of ``QwenLanguageModel/load(_:options:progress:)``.
    ///
    /// - Parameter checkpoint: the checkpoint.
    /// - Throws: ``ChatTemplateError``, ``ModelLoadingError``, `CheckpointError` or `TokenizerError`.
    public init(checkpoint: Checkpoint) throws {
        let files = CheckpointTextFiles(checkpoint: checkpoint)
        self = try files.templateFamily(tokenizer: files.tokenizer())
    }
}
