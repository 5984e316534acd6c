public import QwenChat

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A model that fits.
public struct ModelRecommendation: Sendable, Hashable {
    /// The model.
    public let model: PublishedModel
    /// How its weights are stored.
    public let quantization: PublishedQuantization
    /// What to ask for: `try await QwenLanguageModel.load(recommendation.reference)`.
    public let reference: String
    /// The bytes to download.
    public let weightByteCount: Int
    /// The bytes that it takes in memory when it runs with the context that was asked for.
    public let memoryByteCount: Int
}

extension QwenLanguageModel {
    /// The most able of the published models that fits into some memory.
    ///
    /// The largest model that fits at all is taken, for a larger model with fewer bits a weight answers better than a smaller
    /// one with more, down to about four; then the most bits a weight with which it fits. GGUF files and BF16 checkpoints are
    /// considered. Speed is not: a CPU decodes about as many tokens a second as it can read the weights of one token from
    /// memory.
    ///
    /// - Parameters:
    ///   - memory: the bytes that the model may take; half of the machine's if not given.
    ///   - contextTokens: for how many tokens keys and values are to be kept.
    /// - Returns: the model, or nil where none fits.
    public static func recommended(
        for memory: Int = Int(clamping: ProcessInfo.processInfo.physicalMemory / 2),
        contextTokens: Int = 8192
    ) -> ModelRecommendation? {
        for model in PublishedModel.all {
            for quantization in [.bf16] + model.quantizations {
                let needed = model.memoryByteCount(quantization, contextTokens: contextTokens)
                guard needed <= memory, needed < .max else { continue }
                return ModelRecommendation(
                    model: model,
                    quantization: quantization,
                    reference: model.reference(quantization),
                    weightByteCount: model.weightByteCount(quantization),
                    memoryByteCount: needed
                )
            }
        }
        return nil
    }
}
