import QwenJSON

/// What an evaluation found.
struct EvalReport {
    /// One for each set and mode, in the order in which they were first asked.
    let results: [EvalResult]

    /// Adds up what the copies of a model found, item by item.
    init(results parts: [EvalResult]) {
        var order: [Key] = []
        var sums: [Key: EvalResult] = [:]
        for part in parts {
            let key = Key(set: part.set, mode: part.mode)
            if sums[key] == nil { order.append(key) }
            sums[key, default: EvalResult(set: part.set, steps: part.steps, mode: part.mode)].add(part)
        }
        results = order.compactMap { sums[$0] }
    }

    private struct Key: Hashable {
        let set: String
        let mode: ThinkingMode
    }

    /// The modes, from no thinking to the most.
    func modes(of results: [EvalResult]) -> [ThinkingMode] {
        Set(results.map(\.mode)).sorted { $0.rank < $1.rank }
    }

    /// Sets that take steps, the fewest first.
    var stepped: [EvalResult] { results.filter { $0.steps > 0 }.sorted { $0.steps < $1.steps } }

    var json: JSONValue { .array(results.map(\.json)) }

    // MARK: Markdown

    var markdown: String {
        let others = results.filter { $0.steps == 0 }
        var parts: [String] = []
        if !stepped.isEmpty { parts.append(table(stepped, rowHeading: "steps") { "\($0.steps)" }) }
        if !others.isEmpty { parts.append(table(others, rowHeading: "set") { $0.set }) }
        return parts.joined(separator: "\n")
    }

    private func table(_ results: [EvalResult], rowHeading: String, name: (EvalResult) -> String) -> String {
        let modes = modes(of: results)
        var names: [String] = []
        for result in results where !names.contains(name(result)) { names.append(name(result)) }
        var rows = [[rowHeading] + modes.map(\.heading), ["---:"] + modes.map { _ in "---:" }]
        for row in names {
            rows.append([row] + modes.map { mode in Self.cell(results.filter { name($0) == row && $0.mode == mode }) })
        }
        rows.append(["tokens, mean"] + modes.map { Self.mean(results, $0) { formatted($0.meanTokens, digits: 1) } })
        rows.append(["ms, mean"] + modes.map { Self.mean(results, $0) { formatted($0.meanMilliseconds, digits: 1) } })
        return rows.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    private static func cell(_ results: [EvalResult]) -> String {
        guard let sum = sum(results) else { return "" }
        let (low, high) = (sum.interval.lowerBound, sum.interval.upperBound)
        return "\(percent(sum.share)) [\(percent(low)), \(percent(high))]"
    }

    private static func percent(_ share: Double) -> String { formatted(100 * share, digits: 1) }

    private static func mean(_ results: [EvalResult], _ mode: ThinkingMode, _ text: (EvalResult) -> String) -> String {
        sum(results.filter { $0.mode == mode }).map(text) ?? ""
    }

    private static func sum(_ results: [EvalResult]) -> EvalResult? {
        guard var sum = results.first else { return nil }
        for result in results.dropFirst() { sum.add(result) }
        return sum
    }
}
