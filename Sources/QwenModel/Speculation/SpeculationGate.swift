/// Decides how many tokens to guess, so that guessing is never slower than not to.
///
/// Two things decide: how likely guesses come true, and what it costs to check them. The first is learnt without cost too: while
/// nothing is guessed, the token that would have been is compared with the one that came. It is kept apart by how long a
/// run of tokens supports the guess, since a long one is a far better sign than a short one. The second is measured
/// (``PassCosts``).
package struct SpeculationGate {
    /// For each class of support, how often guesses came true, and how often they did not; both fade with time.
    private var hits: [Double]
    private var misses: [Double]

    /// The shortest run of each class after the first.
    private static let bounds = [3, 4, 6, 9, 16]
    /// What is believed before anything was seen, as strongly as `beliefStrength` guesses; too little for a guess on its own.
    private static let beliefs = [0.05, 0.1, 0.15, 0.25, 0.35, 0.5]
    private static let beliefStrength = 2.0
    /// How much of the past remains with each guess.
    private static let memory = 0.95
    /// Guessing has to promise this many times the speed of not guessing.
    private static let margin = 1.08

    package init() {
        hits = Self.beliefs.map { $0 * Self.beliefStrength }
        misses = Self.beliefs.map { (1 - $0) * Self.beliefStrength }
    }

    /// Takes note of whether a guess came true.
    ///
    /// - Parameters:
    ///   - cameTrue: whether it did.
    ///   - support: how many tokens in a row supported it.
    package mutating func note(_ cameTrue: Bool, support: Int) {
        let index = Self.group(support)
        hits[index] = hits[index] * Self.memory + (cameTrue ? 1 : 0)
        misses[index] = misses[index] * Self.memory + (cameTrue ? 0 : 1)
    }

    /// How many tokens to guess.
    ///
    /// - Parameters:
    ///   - support: how many tokens in a row support the first guess; each further guess has one more.
    ///   - limit: the most guesses.
    ///   - costs: what passes cost.
    /// - Returns: the number that promises the most tokens for the time; 0 where none promises enough.
    package func tokens(support: Int, limit: Int, costs: PassCosts) -> Int {
        var best = (count: 0, speed: Self.margin)
        var tokens = 1.0
        var chance = 1.0
        for count in 0..<max(limit, 0) {
            let index = Self.group(support + count)
            chance *= hits[index] / (hits[index] + misses[index])
            tokens += chance
            let speed = tokens / costs.relative(rows: count + 2)
            if speed > best.speed { best = (count + 1, speed) }
        }
        return best.count
    }

    private static func group(_ support: Int) -> Int {
        bounds.firstIndex { support < $0 } ?? bounds.count
    }
}

/// What passes with a few rows cost, as multiples of passes with one.
package struct PassCosts {
    /// The time of a pass with one row, in seconds; fades. 0 before the first.
    private var single = 0.0
    /// By rows, the cost as a multiple of a single one's; 0 where it was not measured.
    private var multiples: [Double]
    /// The time of a draft's pass with one row, in seconds; fades. 0 before the first.
    private var draft = 0.0
    /// Passes with several rows since the last with one.
    private var passesSinceSingle = 0

    /// What a further row costs before it was measured, as a share of the first.
    private static let belief = 0.2
    /// What the newest measurement counts.
    private static let weight = 0.2
    /// A pass with one row is due after this many with several: what it costs changes as the context grows.
    private static let singleEvery = 48

    package init() {
        multiples = [Double](repeating: 0, count: Speculation.largestTokenCount + 2)
    }

    /// Whether the next pass should have one row, to be measured.
    package var needsSingle: Bool { single == 0 || passesSinceSingle >= Self.singleEvery }

    /// Takes note of a pass.
    package mutating func note(rows: Int, seconds: Double) {
        guard rows >= 1, rows < multiples.count, seconds > 0 else { return }
        if rows == 1 {
            // A thread that lost its processor for a while says nothing about the next pass.
            let seconds = single > 0 ? min(seconds, 2 * single) : seconds
            single = single > 0 ? single + Self.weight * (seconds - single) : seconds
            passesSinceSingle = 0
        } else {
            passesSinceSingle += 1
            guard single > 0 else { return }
            let known = relative(rows: rows)
            let measured = min(seconds / single, 2 * known)
            multiples[rows] = multiples[rows] > 0 ? known + Self.weight * (measured - known) : measured
        }
    }

    /// Takes note of a draft's pass with one row.
    mutating func noteDraft(seconds: Double) {
        guard seconds > 0 else { return }
        draft = draft > 0 ? draft + Self.weight * (min(seconds, 2 * draft) - draft) : seconds
    }

    /// What a draft's pass costs, as a multiple of one of the model with a single row.
    var relativeDraft: Double {
        single > 0 && draft > 0 ? draft / single : Self.belief
    }

    /// What a pass costs, as a multiple of one with a single row: measured, or by the nearest that was.
    package func relative(rows: Int) -> Double {
        guard rows > 1, rows < multiples.count else { return 1 }
        if multiples[rows] > 0 { return max(1, multiples[rows]) }
        var nearest: Int?
        for other in 2..<multiples.count where multiples[other] > 0 {
            if nearest.map({ abs(other - rows) < abs($0 - rows) }) ?? true { nearest = other }
        }
        let share = nearest.map { max(0, multiples[$0] - 1) / Double($0 - 1) } ?? Self.belief
        return 1 + share * Double(rows - 1)
    }
}
