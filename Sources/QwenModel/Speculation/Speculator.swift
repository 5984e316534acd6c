/// Guesses the tokens of one sequence, and learns from what comes.
struct Speculator {
    /// What asking for guesses came to.
    enum Outcome {
        /// There are guesses to verify.
        case guesses
        /// There are none.
        case none
        /// A part of the work is done; ask again after the others had their turn.
        case unfinished
    }

    private let speculation: Speculation
    private var lookup: PromptLookup?
    private var gate = SpeculationGate()
    private var draft: DraftModel?

    /// The next token, then the guesses of those after it; of the last call for guesses.
    private(set) var rows: [Int32] = []

    /// Tokens guessed and checked so far.
    private(set) var proposedTokens = 0

    /// Tokens among them that came.
    private(set) var acceptedTokens = 0

    /// - Parameters:
    ///   - speculation: what was asked for.
    ///   - prompt: the sequence so far.
    ///   - capacity: how many tokens it will have, about.
    ///   - draft: the draft's cache, if the engine has a draft.
    /// - Complexity: O(prompt)
    init(_ speculation: Speculation, prompt: [Int32], capacity: Int, draft: KeyValueCache?) {
        self.speculation = speculation
        rows.reserveCapacity(Speculation.largestTokenCount + 1)
        if speculation.method != .promptLookup, let draft {
            self.draft = DraftModel(cache: draft, prompt: prompt, capacity: capacity)
        } else {
            var lookup = PromptLookup(capacity: capacity)
            for token in prompt { lookup.append(token) }
            self.lookup = lookup
        }
    }

    /// Takes the next token of the sequence.
    ///
    /// - Parameters:
    ///   - token: its id.
    ///   - isChosen: whether the model chose it.
    mutating func append(_ token: Int32, isChosen: Bool) {
        if isChosen, let lookup, let next = lookup.next { gate.note(next == token, support: lookup.matchLength) }
        lookup?.append(token)
        draft?.append(token)
    }

    /// Guesses what follows a token that is not computed yet.
    ///
    /// - Parameters:
    ///   - token: the sequence's newest token.
    ///   - limit: the most guesses that can be used.
    ///   - pass: the engine's forward pass.
    ///   - cancellation: looked at after every layer of a draft.
    /// - Returns: whether there are guesses, in `rows`.
    /// - Throws: what a draft's pass throws.
    mutating func propose(
        after token: Int32,
        limit: Int,
        _ pass: ForwardPass,
        cancellation: CancellationFlag
    ) throws -> Outcome {
        let limit = min(limit, speculation.maxTokens)
        guard limit > 0 else { return .none }
        rows.removeAll(keepingCapacity: true)
        rows.append(token)
        if draft != nil, let draftPass = pass.draft {
            let outcome = try draft?.propose(
                limit,
                isAdaptive: speculation.isAdaptive,
                costs: &pass.costs,
                pass: draftPass,
                cancellation: cancellation,
                to: &rows
            )
            if outcome == .behind { return .unfinished }
        } else if let lookup, lookup.next != nil {
            lookup.propose(countWorthwhile(limit, lookup, pass.costs), to: &rows)
        }
        proposedTokens += rows.count - 1
        return rows.count > 1 ? .guesses : .none
    }

    private func countWorthwhile(_ limit: Int, _ lookup: PromptLookup, _ costs: PassCosts) -> Int {
        guard speculation.isAdaptive else { return limit }
        guard !costs.needsSingle else { return 0 }
        return gate.tokens(support: lookup.matchLength, limit: limit, costs: costs)
    }

    /// Takes note of how many of the last guesses came.
    mutating func accept(_ count: Int) {
        acceptedTokens += count
        draft?.note(accepted: count, of: rows.count - 1)
    }
}
