/// What the model says of given tokens.
public struct Evaluation: Sendable {
    /// The logits after each position that was asked for, in that order; each of `vocabularySize` values.
    public let logits: [[Float]]

    /// The mean negative log-likelihood, in nats, of the tokens after the first given those before them; nil for one token.
    public let negativeLogLikelihood: Double?
}

/// The evaluation of given tokens, in chunks, with a cache of its own.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: after `JobQueue.push` only the engine's thread touches the state.
final class EvaluationJob: AnswerJob<Evaluation>, @unchecked Sendable {
    private let tokens: [Int32]
    private let positions: [Int]
    private let measuresLikelihood: Bool

    private var cache: KeyValueCache?
    private var done = 0
    private var collected: [Int: [Float]] = [:]
    private var negativeLogLikelihood = 0.0

    init(tokens: [Int32], positions: [Int], measuresLikelihood: Bool) {
        self.tokens = tokens
        self.positions = positions
        self.measuresLikelihood = measuresLikelihood
    }

    override func advance(_ pass: ForwardPass) throws -> Evaluation? {
        let cache = self.cache ?? pass.makeCache()
        self.cache = cache
        try cache.reserve(tokens.count)
        let chunk = done..<min(done + pass.maximumRows, tokens.count)
        guard try pass.run(tokens[chunk], cache: cache, logits: .none, cancellation: cancellation) else { return nil }
        let wanted = Set(positions)
        var row = chunk.lowerBound
        while row < chunk.upperBound {
            let rows = row..<min(row + pass.maximumLogitRows, chunk.upperBound)
            defer { row = rows.upperBound }
            guard measuresLikelihood || rows.contains(where: wanted.contains) else { continue }
            try pass.project(rows.lowerBound - done..<rows.upperBound - done, firstPosition: rows.lowerBound)
            for position in rows {
                let logits = pass.logits(row: position - rows.lowerBound)
                if wanted.contains(position) {
                    collected[position] = Array(logits)
                }
                if measuresLikelihood, position + 1 < tokens.count {
                    negativeLogLikelihood += pass.negativeLogLikelihood(of: Int(tokens[position + 1]), logits: logits)
                }
            }
        }
        done = chunk.upperBound
        guard done == tokens.count else { return nil }
        return Evaluation(
            logits: positions.compactMap { collected[$0] },
            negativeLogLikelihood: measuresLikelihood && tokens.count > 1
                ? negativeLogLikelihood / Double(tokens.count - 1) : nil
        )
    }
}
