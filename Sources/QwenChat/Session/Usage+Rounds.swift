extension Usage {
    /// What the rounds of a request cost together: tokens and prefill time added up, the first round's time to the first
    /// token, the last round's speed.
    init(_ rounds: [Usage]) {
        func sum(_ count: (Usage) -> Int) -> Int { rounds.reduce(0) { $0 + count($1) } }
        self.init(
            promptTokens: sum(\.promptTokens),
            cachedTokens: sum(\.cachedTokens),
            thinkingTokens: sum(\.thinkingTokens),
            answerTokens: sum(\.answerTokens),
            timeToFirstToken: rounds.first?.timeToFirstToken ?? .zero,
            prefillDuration: rounds.reduce(.zero) { $0 + $1.prefillDuration },
            tokensPerSecond: rounds.last { $0.tokensPerSecond != nil }?.tokensPerSecond,
            proposedTokens: sum(\.proposedTokens),
            acceptedTokens: sum(\.acceptedTokens)
        )
    }
}
