internal import QwenTensor

/// Chooses one token after another for one answer.
///
/// A sampler keeps count of the answer's tokens for the penalties and holds the generator of random numbers; every
/// answer has its own. It is not `Sendable`: one thread uses it at a time. After it is created it allocates nothing,
/// unless log-probabilities are asked for.
public final class Sampler {
    /// How tokens are chosen.
    public let parameters: SamplingParameters
    /// The number of logits.
    public let vocabularySize: Int

    private let kernels = Kernels.current
    private var penalties: Penalties
    private var generator: Xoshiro256StarStar
    private let candidates: Candidates
    /// A copy of the logits as they came, where log-probabilities are asked for.
    private var original: [Float] = []

    /// Creates a sampler for one answer.
    ///
    /// - Parameters:
    ///   - parameters: how to choose.
    ///   - vocabularySize: the number of logits.
    ///   - prompt: the tokens before the answer, which the repetition penalty counts.
    /// - Throws: ``SamplingError``, which names the parameter or the token.
    /// - Complexity: O(`vocabularySize` + length of the prompt), in time and memory.
    public init(_ parameters: SamplingParameters, vocabularySize: Int, prompt: [Int] = []) throws(SamplingError) {
        try parameters.validate(vocabularySize: vocabularySize)
        self.parameters = parameters
        self.vocabularySize = vocabularySize
        penalties = try Penalties(parameters, vocabularySize: vocabularySize, prompt: prompt)
        var system = SystemRandomNumberGenerator()
        generator = Xoshiro256StarStar(seed: parameters.seed ?? system.next())
        candidates = Candidates(vocabularySize: vocabularySize)
        if parameters.logProbabilityCount != nil { original = [Float](repeating: 0, count: vocabularySize) }
    }

    /// Takes note of a token that the answer has without having been chosen here: one that a grammar or a thinking
    /// budget forced.
    ///
    /// - Parameter token: the token's id.
    /// - Throws: ``SamplingError/tokenOutOfVocabulary(token:vocabularySize:)``.
    public func append(_ token: Int) throws(SamplingError) {
        guard (0..<vocabularySize).contains(token) else {
            throw .tokenOutOfVocabulary(token: token, vocabularySize: vocabularySize)
        }
        penalties.append(token)
    }

    /// Chooses the next token and takes note of it.
    ///
    /// One random number is drawn for every token, none where the temperature is 0.
    ///
    /// - Parameter logits: one for each token; negative infinity excludes a token. They are overwritten.
    /// - Returns: the token, with log-probabilities if they were asked for.
    /// - Throws: ``SamplingError`` where a logit is NaN or positive infinity or no token is left.
    /// - Complexity: O(`vocabularySize`).
    public func next(logits: UnsafeMutableBufferPointer<Float>) throws(SamplingError) -> SampledToken {
        let likeliest = try prepare(logits)
        let token = parameters.temperature == 0 ? likeliest : candidates.draw(generator.nextUnit())
        penalties.append(token)
        guard let count = parameters.logProbabilityCount else {
            return SampledToken(id: token, logProbability: nil, topLogProbabilities: [])
        }
        return original.withUnsafeBufferPointer { original in
            let total = logSumExp(original)
            return SampledToken(
                id: token,
                logProbability: Float(Double(original[token]) - total),
                topLogProbabilities: top(count, of: original, total: total)
            )
        }
    }

    /// The distribution that ``next(logits:)`` would draw from, without the tokens that are left out.
    package func distribution(logits: UnsafeMutableBufferPointer<Float>) throws(SamplingError) -> [Int: Double] {
        let likeliest = try prepare(logits)
        return parameters.temperature == 0 ? [likeliest: 1] : candidates.probabilities
    }

    /// Checks the logits, applies penalties, finds the candidates and returns the likeliest token.
    private func prepare(_ logits: UnsafeMutableBufferPointer<Float>) throws(SamplingError) -> Int {
        guard logits.count == vocabularySize, let base = logits.baseAddress else {
            throw .wrongLogitCount(expected: vocabularySize, found: logits.count)
        }
        if !kernels.allFinite(base, .float32, count: logits.count) {
            // The comparison is false for NaN too.
            for (token, logit) in logits.enumerated() where !(logit < .infinity) {
                throw .invalidLogit(token: token, value: logit)
            }
        }
        if parameters.logProbabilityCount != nil {
            original.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: logits) }
        }
        penalties.apply(to: logits)
        let likeliest = kernels.indexOfMaximum(base, count: logits.count)
        let maximum = logits[likeliest]
        guard maximum > -.infinity else { throw .everyTokenExcluded }
        if parameters.temperature > 0 {
            candidates.select(UnsafeBufferPointer(logits), maximum: maximum, parameters)
        }
        return likeliest
    }

    private func logSumExp(_ logits: UnsafeBufferPointer<Float>) -> Double {
        guard let base = logits.baseAddress else { return 0 }
        return kernels.logSumExp(base, count: logits.count)
    }

    private func top(
        _ count: Int,
        of logits: UnsafeBufferPointer<Float>,
        total: Double
    ) -> [TokenLogProbability] {
        let count = min(count, logits.count)
        guard count > 0 else { return [] }
        let threshold = candidates.threshold(count, logits)
        var tokens = logits.indices.filter { logits[$0] >= threshold }
        // Sorting is stable: of equals the one with the lowest id comes first.
        tokens.sort { logits[$0] > logits[$1] }
        return tokens.prefix(count).map { token in
            TokenLogProbability(id: token, logProbability: Float(Double(logits[token]) - total))
        }
    }
}

@available(*, unavailable)
extension Sampler: Sendable {}
