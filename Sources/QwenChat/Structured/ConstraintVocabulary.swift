internal import QwenGrammar
import QwenTokenizer
import Synchronization

extension TokenMask {
    /// Excludes the tokens that are not in the set.
    ///
    /// - Parameter logits: one for each token.
    func restrict(_ logits: UnsafeMutableBufferPointer<Float>) {
        words.withUnsafeBufferPointer { words in
            for start in stride(from: 0, to: logits.count, by: 64) {
                let index = start >> 6
                var word = index < words.count ? words[index] : 0
                if word == .max { continue }
                for token in start..<min(start + 64, logits.count) {
                    if word & 1 == 0 { logits[token] = -.infinity }
                    word >>= 1
                }
            }
        }
    }
}

/// A model's vocabulary as constraints need it, made when it is first needed.
final class ConstraintVocabulary: Sendable {
    private let made = Mutex<TokenVocabulary?>(nil)

    func value(_ tokenizer: Tokenizer) -> TokenVocabulary {
        made.withLock { made in
            if let made { return made }
            let vocabulary = TokenVocabulary(tokenizer)
            made = vocabulary
            return vocabulary
        }
    }
}
