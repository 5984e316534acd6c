public import QwenModel

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ChatTemplateFamily {
    /// Tells which template a checkpoint's model was trained on, without loading the weights.
    ///
    /// The rules are those of ``QwenLanguageModel/load(_:options:progress:)``.
    ///
    /// - Parameter checkpoint: the checkpoint.
    /// - Throws: ``ChatTemplateError``, ``ModelLoadingError`` or `TokenizerError`.
    public init(checkpoint: Checkpoint) throws {
        let files = CheckpointTextFiles(directory: URL(fileURLWithPath: checkpoint.path))
        let tokenizer = try files.tokenizer(vocabularySize: checkpoint.configuration.vocabularySize)
        self = try files.templateFamily(tokenizer: tokenizer)
    }
}
