import QwenModel
import Testing

@Suite("Guesses from earlier text")
struct PromptLookupTests {
    private func guesses(_ tokens: [Int32], _ limit: Int = 5) -> (guesses: [Int32], support: Int) {
        var lookup = PromptLookup(capacity: 16)
        for token in tokens { lookup.append(token) }
        var guesses: [Int32] = []
        lookup.propose(limit, to: &guesses)
        #expect(lookup.next == guesses.first)
        return (guesses, lookup.matchLength)
    }

    @Test func nothingBeforeSomethingRecurs() {
        #expect(guesses([]).guesses.isEmpty)
        #expect(guesses([1, 2, 3, 4, 5]).guesses.isEmpty)
        #expect(guesses([1, 2, 3, 1]).guesses.isEmpty)
    }

    @Test func whatFollowedTheLatestOccurrence() {
        let (tokens, support) = guesses([1, 2, 3, 4, 9, 1, 2, 7, 8, 6, 1, 2])
        #expect(tokens == [7, 8, 6, 1, 2])
        #expect(support == 2)
    }

    @Test func longRunsGoBeforeShortOnes() {
        // After 5 6 7 8 came 1, though the latest 7 8 was followed by 2.
        let (tokens, support) = guesses([5, 6, 7, 8, 1, 3, 7, 8, 2, 4, 5, 6, 7, 8], 1)
        #expect(tokens == [1])
        #expect(support == 4)
        #expect(guesses([9, 5, 6, 7, 8, 1, 0, 9, 5, 6, 7, 8], 1).support == 5)
    }

    @Test func aPlaceIsFollowedAsLongAsItHolds() {
        let (tokens, support) = guesses([1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5])
        #expect(tokens == [6, 7, 0, 1, 2])
        #expect(support == 5)
        #expect(guesses([1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 9]).guesses.isEmpty)
    }

    @Test func loopsGoOn() {
        #expect(guesses([4, 7, 8, 7, 8, 7, 8], 7).guesses == [7, 8, 7, 8, 7, 8, 7])
        #expect(guesses([3, 3, 3], 4).guesses == [3, 3, 3, 3])
    }

    /// Against a search through everything, on text of few tokens, so that much recurs.
    @Test func agreesWithASearch() {
        var state: UInt64 = 7
        var lookup = PromptLookup(capacity: 0)
        var tokens: [Int32] = []
        for _ in 0..<3000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let token = Int32(state >> 33) % 4
            lookup.append(token)
            tokens.append(token)
            guard let next = lookup.next else { continue }
            // Some earlier place has the same tokens before it and the guess after it.
            let length = lookup.matchLength
            #expect(length >= 2)
            let suffix = tokens.suffix(length)
            let isThere = (length..<tokens.count).contains { place in
                tokens[place] == next && tokens[place - length..<place].elementsEqual(suffix)
            }
            #expect(isThere)
        }
    }
}

@Suite("When guesses pay")
struct SpeculationGateTests {
    private func costs(_ multiple: Double) -> PassCosts {
        var costs = PassCosts()
        for rows in 2...8 {
            for _ in 0..<20 { costs.note(rows: 1, seconds: 0.01) }
            for _ in 0..<20 { costs.note(rows: rows, seconds: 0.01 * (1 + multiple * Double(rows - 1))) }
        }
        return costs
    }

    @Test func notBeforeAnythingCameTrue() {
        let gate = SpeculationGate()
        #expect(gate.tokens(support: 2, limit: 7, costs: costs(0.2)) == 0)
    }

    @Test func moreTheSurerAndTheCheaper() {
        var gate = SpeculationGate()
        for support in 2...40 { for _ in 0..<20 { gate.note(true, support: support) } }
        #expect(gate.tokens(support: 4, limit: 7, costs: costs(0.1)) == 7)
        #expect(gate.tokens(support: 4, limit: 3, costs: costs(0.1)) == 3)
        #expect(gate.tokens(support: 4, limit: 0, costs: costs(0.1)) == 0)
        #expect(gate.tokens(support: 4, limit: -1, costs: costs(0.1)) == 0)
        #expect(gate.tokens(support: 4, limit: 7, costs: costs(1.0)) == 0)
        for _ in 0..<100 { gate.note(false, support: 4) }
        #expect(gate.tokens(support: 4, limit: 7, costs: costs(0.2)) == 0)
        // Support of another kind is as good as before.
        #expect(gate.tokens(support: 20, limit: 7, costs: costs(0.2)) > 0)
    }

    @Test func costsAreThoseMeasured() {
        let costs = costs(0.5)
        #expect(!costs.needsSingle)
        #expect(abs(costs.relative(rows: 8) - 4.5) < 0.2)
        #expect(costs.relative(rows: 1) == 1)
        #expect(PassCosts().needsSingle)
        var ageing = costs
        for _ in 0..<100 { ageing.note(rows: 4, seconds: 0.02) }
        #expect(ageing.needsSingle)
    }
}
