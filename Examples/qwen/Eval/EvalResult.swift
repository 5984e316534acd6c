import QwenJSON

/// How a set of items went in one mode.
struct EvalResult: Sendable {
    let set: String
    let steps: Int
    let mode: ThinkingMode
    var right = 0
    var count = 0
    /// Tokens that were generated, thinking included.
    var tokens = 0
    /// The time from question to answer, of all items together.
    var duration = Duration.zero

    var share: Double { Double(right) / Double(max(count, 1)) }
    var meanTokens: Double { Double(tokens) / Double(max(count, 1)) }
    var meanMilliseconds: Double { duration / .milliseconds(1) / Double(max(count, 1)) }

    /// The 95 % interval of the share.
    ///
    /// Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
    var interval: ClosedRange<Double> {
        guard count > 0 else { return 0...1 }
        let z = 1.959964
        let n = Double(count)
        let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, middle - half)...min(1, middle + half)
    }

    mutating func add(_ other: EvalResult) {
        right += other.right
        count += other.count
        tokens += other.tokens
        duration += other.duration
    }

    var json: JSONValue {
        func number(_ value: Double) -> JSONValue { JSONNumber(value).map(JSONValue.number) ?? .null }
        return [
            "set": .string(set),
            "steps": .number(JSONNumber(steps)),
            "thinking": .string(mode.name),
            "right": .number(JSONNumber(right)),
            "count": .number(JSONNumber(count)),
            "low": number(interval.lowerBound),
            "high": number(interval.upperBound),
            "tokens": .number(JSONNumber(tokens)),
            "seconds": number(duration / .seconds(1)),
        ]
    }
}
