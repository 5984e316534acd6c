/// What sampling adds to and takes from logits because of the tokens so far.
struct Penalties {
    private let bias: [(token: Int, amount: Float)]
    private let repetition: Float
    private let presence: Float
    private let frequency: Float
    /// For every token, how often the answer has it; empty where no penalty asks.
    private var counts: [Int32] = []
    /// The tokens of the answer, each once.
    private var answered: [Int32] = []
    /// For every token, whether prompt or answer has it; empty where no penalty asks.
    private var isSeen: [Bool] = []
    /// The tokens of prompt and answer, each once.
    private var seen: [Int32] = []

    /// Room for this many different tokens is made ahead, so that choosing a token does not allocate.
    private static let reserved = 16384

    init(_ parameters: SamplingParameters, vocabularySize: Int, prompt: [Int]) throws(SamplingError) {
        bias = parameters.logitBias.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        repetition = Float(parameters.repetitionPenalty)
        presence = Float(parameters.presencePenalty)
        frequency = Float(parameters.frequencyPenalty)
        if presence != 0 || frequency != 0 {
            counts = [Int32](repeating: 0, count: vocabularySize)
            answered.reserveCapacity(min(vocabularySize, Self.reserved))
        }
        if repetition != 1 {
            isSeen = [Bool](repeating: false, count: vocabularySize)
            seen.reserveCapacity(min(vocabularySize, Self.reserved + prompt.count))
        }
        for token in prompt {
            guard (0..<vocabularySize).contains(token) else {
                throw .tokenOutOfVocabulary(token: token, vocabularySize: vocabularySize)
            }
            noteSeen(token)
        }
    }

    /// Takes note of a token of the answer, which lies within the vocabulary.
    mutating func append(_ token: Int) {
        noteSeen(token)
        guard !counts.isEmpty else { return }
        if counts[token] == 0 { answered.append(Int32(truncatingIfNeeded: token)) }
        if counts[token] < .max { counts[token] += 1 }
    }

    private mutating func noteSeen(_ token: Int) {
        guard !isSeen.isEmpty, !isSeen[token] else { return }
        isSeen[token] = true
        seen.append(Int32(truncatingIfNeeded: token))
    }

    /// Changes the logits in place.
    ///
    /// - Complexity: O(number of biases and of different tokens so far).
    func apply(to logits: UnsafeMutableBufferPointer<Float>) {
        // No sum or quotient may reach positive infinity.
        let greatest = Float.greatestFiniteMagnitude
        for (token, amount) in bias { logits[token] = min(logits[token] + amount, greatest) }
        for token in seen {
            let logit = logits[Int(token)]
            logits[Int(token)] = logit < 0 ? logit * repetition : min(logit / repetition, greatest)
        }
        for token in answered {
            let penalty = frequency * Float(counts[Int(token)]) + presence
            logits[Int(token)] = min(logits[Int(token)] - penalty, greatest)
        }
    }
}
