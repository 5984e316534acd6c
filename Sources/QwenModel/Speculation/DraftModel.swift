import QwenTensor

/// Guesses a sequence's next tokens with a smaller model, always its likeliest ones.
///
/// It has a cache of its own, which holds the sequence up to some token and is brought up to date before each guess: usually by the
/// two or three tokens that came since. A long prompt takes several calls, so that other sequences have their turn in between.
struct DraftModel {
    /// The draft's keys and values.
    let cache: KeyValueCache
    /// The sequence so far.
    private var tokens: [Int32]
    /// How many of them the cache is known to begin with.
    private var known: Int
    /// How likely a guess comes true, and what it costs.
    private var gate = DraftGate()

    /// - Parameters:
    ///   - cache: from an earlier request of the same context, or empty.
    ///   - prompt: the sequence so far.
    ///   - capacity: how many tokens it will have, about.
    init(cache: KeyValueCache, prompt: [Int32], capacity: Int) {
        self.cache = cache
        tokens = prompt
        tokens.reserveCapacity(capacity)
        known = cache.commonPrefix(with: prompt)
    }

    /// Takes the next token of the sequence.
    mutating func append(_ token: Int32) {
        tokens.append(token)
    }

    /// Takes note of how many of the last guesses came.
    mutating func note(accepted: Int, of proposed: Int) {
        gate.note(accepted: accepted, of: proposed)
    }

    /// What a call came to.
    enum Outcome {
        /// Guesses were added, or none is worth its price.
        case done
        /// The draft's cache is not up to date yet.
        case behind
    }

    /// Adds guesses of what follows the sequence.
    ///
    /// - Parameters:
    ///   - limit: the most guesses that can be used.
    ///   - isAdaptive: whether only guesses are wanted that pay.
    ///   - costs: what passes cost, of the model and of the draft.
    ///   - pass: the draft's forward pass.
    ///   - cancellation: looked at after every layer.
    ///   - guesses: where they are added.
    /// - Returns: whether everything is done.
    /// - Throws: what a pass throws.
    mutating func propose(
        _ limit: Int,
        isAdaptive: Bool,
        costs: inout PassCosts,
        pass: ForwardPass,
        cancellation: CancellationFlag,
        to guesses: inout [Int32]
    ) throws -> Outcome {
        let limit = min(limit, pass.configuration.contextLength - tokens.count)
        let count = isAdaptive ? gate.tokens(limit: limit, costs: costs) : limit
        guard count > 0 else { return .done }
        while known < min(cache.count, tokens.count), cache.tokens[known] == tokens[known] { known += 1 }
        // The last token is always computed: its logits are what the first guess comes from.
        known = min(known, tokens.count - 1)
        cache.truncate(to: known)
        let rows = tokens.count - known
        guard rows <= pass.maximumRows else {
            let chunk = tokens[known..<known + pass.maximumRows]
            guard try pass.run(chunk, cache: cache, logits: .none, cancellation: cancellation) else { return .behind }
            known += chunk.count
            return .behind
        }
        guard try pass.run(tokens[known...], cache: cache, logits: .last, cancellation: cancellation) else {
            return .behind
        }
        known = tokens.count
        let clock = ContinuousClock()
        for index in 0..<count {
            let token = pass.likeliestToken
            guesses.append(token)
            guard index + 1 < count else { break }
            let start = clock.now
            guard try pass.run([token][...], cache: cache, logits: .last, cancellation: cancellation) else { break }
            costs.noteDraft(seconds: (clock.now - start) / .seconds(1))
        }
        return .done
    }
}

/// Decides how many tokens a draft model guesses, so that guessing is not slower than not to.
///
/// What a draft would have guessed is known only if it is asked, so while it does not pay it is asked from time to time: after ever
/// more tokens, as long as it does not come to pay again.
struct DraftGate {
    /// How often guesses came true and did not; both fade.
    private var hits = 3.0
    private var misses = 2.0
    /// Tokens until the draft is asked again although it does not pay.
    private var pause = 0
    private var nextPause = 16

    private static let memory = 0.96
    private static let longestPause = 1024
    /// Guesses of a trial.
    private static let trial = 3
    /// Guessing has to promise this many times the speed of not guessing.
    private static let margin = 1.03

    mutating func note(accepted: Int, of proposed: Int) {
        for index in 0..<min(accepted + 1, proposed) {
            hits = hits * Self.memory + (index < accepted ? 1 : 0)
            misses = misses * Self.memory + (index < accepted ? 0 : 1)
        }
    }

    /// How many tokens to guess; called once for each pass.
    mutating func tokens(limit: Int, costs: PassCosts) -> Int {
        guard limit > 0, !costs.needsSingle else { return 0 }
        let rate = hits / (hits + misses)
        var best = (count: 0, speed: Self.margin)
        var tokens = 1.0
        var chance = 1.0
        for count in 1...limit {
            chance *= rate
            tokens += chance
            let speed = tokens / (costs.relative(rows: count + 1) + Double(count) * costs.relativeDraft)
            if speed > best.speed { best = (count, speed) }
        }
        if best.count > 0 {
            nextPause = 16
            pause = 0
            return best.count
        }
        if pause > 0 {
            pause -= 1
            return 0
        }
        pause = nextPause
        nextPause = min(nextPause * 2, Self.longestPause)
        return min(limit, Self.trial)
    }
}
