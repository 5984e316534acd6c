import QwenModel
import Testing

@Suite("A detector of loops")
struct RepetitionDetectorTests {
    private func firstAlarm(_ tokens: [Int], _ detection: LoopDetection = LoopDetection()) -> Int? {
        var detector = RepetitionDetector(detection)
        for (index, token) in tokens.enumerated() {
            detector.append(token)
            if detector.isInLoop { return index + 1 }
        }
        return nil
    }

    /// The definition: the newest tokens are some sequence, so many times.
    private func isInLoop(_ tokens: ArraySlice<Int>, _ detection: LoopDetection) -> Bool {
        (1...max(1, tokens.count / detection.repetitions)).contains { period in
            let needed = max(period * detection.repetitions, detection.minimumTokens)
            guard tokens.count >= needed else { return false }
            return tokens.suffix(needed).indices.dropFirst(period).allSatisfy { tokens[$0] == tokens[$0 - period] }
        }
    }

    @Test("finds periods of any length", arguments: [1, 2, 3, 5, 17, 100, 1000])
    func periods(period: Int) throws {
        let start = (0..<50).map { 10_000 + $0 }
        let sequence = (0..<period).map { $0 * 7 }
        let tokens = start + (0..<200).flatMap { _ in sequence }.prefix(max(5 * period, 200))
        let alarm = try #require(firstAlarm(tokens))
        // As soon as the description is fulfilled.
        #expect(alarm == 50 + max(4 * period, 128))
    }

    @Test("keeps still where nothing repeats, or not often enough")
    func silence() {
        #expect(firstAlarm(Array(0..<20_000)) == nil)
        let lines = (0..<500).flatMap { [1, 2, 3, 4, 5, 6, 7, 8, 1000 + $0] }
        #expect(firstAlarm(lines) == nil)
        let thrice = (0..<3).flatMap { _ in Array(0..<200) }
        #expect(firstAlarm(Array(500..<600) + thrice + Array(600..<700)) == nil)
        #expect(firstAlarm([Int](repeating: 1, count: 127)) == nil)
    }

    @Test("agrees with the definition on random sequences of few tokens")
    func definition() {
        var generator = Xoshiro256StarStar(seed: 4)
        let detection = LoopDetection(repetitions: 3, minimumTokens: 16)
        for _ in 0..<300 {
            var tokens: [Int] = []
            while tokens.count < 120 {
                let word = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                    Int.random(in: 0...2, using: &generator)
                }
                for _ in 0..<Int.random(in: 1...6, using: &generator) { tokens += word }
            }
            var detector = RepetitionDetector(detection)
            for count in 1...tokens.count {
                detector.append(tokens[count - 1])
                // It may see a loop later than the definition does, when an accidental longer period was supposed, and never
                // where there is none.
                if detector.isInLoop { #expect(isInLoop(tokens[..<count], detection)) }
            }
        }
    }

    @Test("takes senseless descriptions for the nearest sensible ones")
    func extremes() {
        let ones = [Int](repeating: 1, count: 40_000)
        #expect(firstAlarm(ones, LoopDetection(repetitions: .min, minimumTokens: .min)) == 16)
        #expect(firstAlarm(ones, LoopDetection(repetitions: .max, minimumTokens: .max)) == 8192)
    }
}
