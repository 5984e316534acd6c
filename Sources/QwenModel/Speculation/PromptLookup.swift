/// Guesses a sequence's next tokens from what followed the newest ones where they stood before.
///
/// Tables say where runs of two and of four tokens ended last. Their entries are checked against the tokens themselves. As long as
/// the guesses come true, the same earlier place is followed, so that the run that both have in common grows.
///
/// - Complexity: O(1) for each token.
package struct PromptLookup {
    /// All tokens so far.
    private var tokens: [Int32] = []
    /// For a hash of a run, the number of tokens up to its end at its latest occurrence; one table for each length of `runs`.
    private var tables: [[Int32]]
    /// The place of the token that is expected next; nil for none.
    private var expected: Int?

    /// How many of the newest tokens stand before the expected one at the earlier place too, as far as known.
    package private(set) var matchLength = 0

    /// The lengths of runs that are looked up, the longest first.
    private static let runs = [4, 2]
    /// Entries of a table, a power of two.
    private static let tableSize = 1 << 14
    /// Longer matches say no more.
    private static let longestMatch = 64

    /// - Parameter capacity: how many tokens to make room for.
    package init(capacity: Int) {
        tables = Self.runs.map { _ in [Int32](repeating: 0, count: Self.tableSize) }
        tokens.reserveCapacity(capacity)
    }

    /// The token that would come next; nil for no guess.
    package var next: Int32? { expected.map { tokens[$0] } }

    /// Takes the next token of the sequence.
    package mutating func append(_ token: Int32) {
        let follows = expected.map { tokens[$0] == token } ?? false
        tokens.append(token)
        if follows, let place = expected {
            expected = place + 1
            matchLength = min(matchLength + 1, Self.longestMatch)
        } else {
            expected = nil
            matchLength = 0
        }
        let end = tokens.count
        for (index, length) in Self.runs.enumerated() where end >= length {
            let slot = slot(length: length)
            if expected == nil, matches(endingAt: Int(tables[index][slot]), length: length) {
                let place = Int(tables[index][slot])
                expected = place
                matchLength = commonLength(endingAt: place, atLeast: length)
            }
            tables[index][slot] = Int32(truncatingIfNeeded: end)
        }
    }

    /// Adds guesses of the next tokens.
    ///
    /// - Parameters:
    ///   - limit: the most guesses.
    ///   - guesses: where they are added. A place that reaches the newest token goes on with what is guessed: a loop.
    package func propose(_ limit: Int, to guesses: inout [Int32]) {
        guard let expected else { return }
        let first = guesses.count
        for index in 0..<limit {
            let place = expected + index
            guesses.append(place < tokens.count ? tokens[place] : guesses[first + place - tokens.count])
        }
    }

    private func slot(length: Int) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for token in tokens.suffix(length) {
            hash = (hash ^ UInt64(UInt32(bitPattern: token))) &* 0x0000_0100_0000_01B3
        }
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) & UInt64(Self.tableSize - 1))
    }

    private func matches(endingAt place: Int, length: Int) -> Bool {
        guard place >= length else { return false }
        for distance in 1...length where tokens[place - distance] != tokens[tokens.count - distance] { return false }
        return true
    }

    private func commonLength(endingAt place: Int, atLeast length: Int) -> Int {
        var common = length
        while common < min(place, Self.longestMatch), tokens[place - common - 1] == tokens[tokens.count - common - 1] {
            common += 1
        }
        return common
    }
}
