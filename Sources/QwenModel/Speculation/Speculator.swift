/// Guesses the tokens of one sequence, and learns from what comes.
struct Speculator {
    private let speculation: Speculation
    private var lookup: PromptLookup
    private var gate = SpeculationGate()

    /// The next token, then the guesses of those after it; of the last ``propose(after:limit:costs:)``.
    private(set) var rows: [Int32] = []

    /// Tokens guessed and checked so far.
    private(set) var proposedTokens = 0

    /// Tokens among them that came.
    var acceptedTokens = 0

    /// - Parameters:
    ///   - speculation: what was asked for.
    ///   - prompt: the sequence so far.
    ///   - capacity: how many tokens it will have, about.
    /// - Complexity: O(prompt)
    init(_ speculation: Speculation, prompt: [Int32], capacity: Int) {
        self.speculation = speculation
        lookup = PromptLookup(capacity: capacity)
        rows.reserveCapacity(Speculation.largestTokenCount + 1)
        for token in prompt { lookup.append(token) }
    }

    /// Takes the next token of the sequence.
    ///
    /// - Parameters:
    ///   - token: its id.
    ///   - isChosen: whether the model chose it.
    mutating func append(_ token: Int32, isChosen: Bool) {
        if isChosen, let next = lookup.next { gate.note(next == token, support: lookup.matchLength) }
        lookup.append(token)
    }

    /// Guesses what follows a token that is not computed yet.
    ///
    /// - Parameters:
    ///   - token: the sequence's newest token.
    ///   - limit: the most guesses that can be used.
    ///   - costs: what passes cost.
    /// - Returns: whether there is a guess that is worth a try.
    mutating func propose(after token: Int32, limit: Int, costs: PassCosts) -> Bool {
        guard lookup.next != nil else { return false }
        var count = min(limit, speculation.maxTokens)
        if speculation.isAdaptive {
            guard !costs.needsSingle else { return false }
            count = gate.tokens(support: lookup.matchLength, limit: count, costs: costs)
        }
        guard count > 0 else { return false }
        rows.removeAll(keepingCapacity: true)
        rows.append(token)
        lookup.propose(count, to: &rows)
        proposedTokens += count
        return true
    }
}
