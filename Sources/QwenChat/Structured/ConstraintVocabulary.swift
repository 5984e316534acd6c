internal import QwenGrammar
import QwenModel
import QwenTokenizer
import Synchronization

/// Holds an answer's tokens to a compiled constraint.
struct AnswerConstraint: TokenConstraint {
    let constraint: CompiledConstraint
    let vocabulary: TokenVocabulary

    func begin() -> any ConstrainedText {
        ConstrainedAnswer(ConstraintMatcher(constraint, vocabulary: vocabulary))
    }
}

/// One answer.
private final class ConstrainedAnswer: ConstrainedText {
    private let matcher: ConstraintMatcher

    init(_ matcher: ConstraintMatcher) { self.matcher = matcher }

    var acceptsEnd: Bool { matcher.acceptsEnd }
    var isComplete: Bool { matcher.isComplete }

    func restrict(_ logits: UnsafeMutableBufferPointer<Float>) {
        let mask = matcher.allowedTokens()
        mask.words.withUnsafeBufferPointer { words in
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

    func accept(_ token: Int) -> Bool { matcher.accept(token) }
    func forcedTokens() -> [Int] { matcher.forcedTokens() }
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
