import QwenModel
import Testing

@Suite struct SamplerTests {
    private func next(_ sampler: Sampler, _ logits: [Float]) throws -> SampledToken {
        var logits = logits
        return try logits.withUnsafeMutableBufferPointer { try sampler.next(logits: $0) }
    }

    private func sampler(
        size: Int,
        prompt: [Int] = [],
        _ change: (inout SamplingParameters) -> Void
    ) throws -> Sampler {
        var parameters = SamplingParameters()
        parameters.seed = 7
        change(&parameters)
        return try Sampler(parameters, vocabularySize: size, prompt: prompt)
    }

    @Test func greedyTakesTheFirstOfEquals() throws {
        let sampler = try Sampler(.greedy, vocabularySize: 100)
        var logits = [Float](repeating: -1, count: 100)
        for token in [97, 41, 42, 64] { logits[token] = 3 }
        #expect(try next(sampler, logits).id == 41)
        #expect(try next(sampler, logits).logProbability == nil)
        logits[7] = 3.0001
        #expect(try next(sampler, logits).id == 7)
    }

    @Test func oneTokenLeft() throws {
        for change: (inout SamplingParameters) -> Void in [
            { $0.topK = 1 }, { $0.topP = 1e-9 }, { $0.minP = 1 }, { $0.temperature = 1e-30 },
            { $0.temperature = 1e-46 },
        ] {
            let sampler = try sampler(size: 1000, change)
            for step in 0..<50 {
                let logits = (0..<1000).map { Float(($0 * 7919 + step * 31) % 1000) / 100 }
                let expected = logits.indices.max { logits[$0] < logits[$1] }
                #expect(try next(sampler, logits).id == expected)
            }
        }
    }

    @Test func sameSeedSameTokens() throws {
        func run(_ seed: UInt64) throws -> [Int] {
            let sampler = try sampler(size: 500) { parameters in
                parameters.seed = seed
                parameters.temperature = 1.2
                parameters.topK = 50
                parameters.topP = 0.95
                parameters.presencePenalty = 0.5
            }
            return try (0..<100).map { step in
                try next(sampler, (0..<500).map { Float(($0 * 31 + step * 17) % 97) / 20 }).id
            }
        }
        #expect(try run(42) == run(42))
        #expect(try run(42) != run(43))
    }

    @Test func unseededSamplersDiffer() throws {
        let runs = try (0..<2).map { _ in
            let sampler = try Sampler(SamplingParameters(), vocabularySize: 1000)
            return try (0..<20).map { _ in try next(sampler, [Float](repeating: 0, count: 1000)).id }
        }
        #expect(runs[0] != runs[1])
    }

    /// χ² of 20,000 draws with a fixed seed against the distribution; the bound is the 99.9th percentile.
    @Test(arguments: [
        (topK: 0, topP: 1.0, minP: 0.0), (topK: 6, topP: 1.0, minP: 0.0), (topK: 0, topP: 0.9, minP: 0.0),
        (topK: 0, topP: 1.0, minP: 0.05), (topK: 8, topP: 0.95, minP: 0.02),
    ])
    func drawsFollowTheDistribution(topK: Int, topP: Double, minP: Double) throws {
        let logits: [Float] = [0.3, 2.1, -1, 1.7, 0, 1.1, -0.4, 2.0, 0.9, -2, 1.3, 0.6]
        let sampler = try sampler(size: logits.count) { parameters in
            (parameters.topK, parameters.topP, parameters.minP) = (topK, topP, minP)
        }
        var copy = logits
        let expected = try copy.withUnsafeMutableBufferPointer { try sampler.distribution(logits: $0) }
        var counts: [Int: Int] = [:]
        let draws = 20_000
        for _ in 0..<draws { counts[try next(sampler, logits).id, default: 0] += 1 }
        #expect(Set(counts.keys).isSubset(of: expected.keys))
        var chiSquare = 0.0
        for (token, probability) in expected {
            let mean = probability * Double(draws)
            let difference = Double(counts[token, default: 0]) - mean
            chiSquare += difference * difference / mean
        }
        // 99.9th percentiles of χ² for 1…11 degrees of freedom.
        let bounds = [10.8, 13.8, 16.3, 18.5, 20.5, 22.5, 24.3, 26.1, 27.9, 29.6, 31.3]
        #expect(chiSquare < bounds[expected.count - 2])
    }

    @Test func penaltiesCountTheAnswer() throws {
        let sampler = try sampler(size: 3, prompt: [0]) { parameters in
            parameters.temperature = 0
            parameters.frequencyPenalty = 1
        }
        // The prompt's token 0 is not penalised; each choice makes its token less likely.
        let logits: [Float] = [2.5, 2, 1]
        #expect(try (0..<5).map { _ in try next(sampler, logits).id } == [0, 1, 0, 1, 2])
        let repeating = try self.sampler(size: 3, prompt: [0]) { parameters in
            parameters.temperature = 0
            parameters.repetitionPenalty = 2
        }
        #expect(try next(repeating, logits).id == 1)
        #expect(try next(repeating, logits).id == 0)
    }

    @Test func forcedTokensCount() throws {
        let sampler = try sampler(size: 3) { parameters in
            parameters.temperature = 0
            parameters.presencePenalty = 1
        }
        try sampler.append(0)
        #expect(try next(sampler, [2.5, 2, 1]).id == 1)
        #expect(throws: SamplingError.tokenOutOfVocabulary(token: 3, vocabularySize: 3)) { try sampler.append(3) }
        #expect(throws: SamplingError.tokenOutOfVocabulary(token: -1, vocabularySize: 3)) { try sampler.append(-1) }
    }

    @Test func excludedTokensAreNeverChosen() throws {
        for topP in [1.0, 0.9] {
            for topK in [0, 30] {
                let sampler = try sampler(size: 64) { parameters in
                    (parameters.topK, parameters.topP) = (topK, topP)
                    parameters.logitBias = [5: -.infinity]
                }
                let logits = (0..<64).map { $0 % 2 == 0 ? -Float.infinity : Float($0) / 32 }
                for _ in 0..<300 {
                    let token = try next(sampler, logits).id
                    #expect(token % 2 == 1 && token != 5)
                }
            }
        }
    }

    @Test func logitsThatAreNone() throws {
        for temperature in [0.0, 1.0] {
            for logProbabilityCount in [nil, 3] {
                let sampler = try sampler(size: 40) { parameters in
                    parameters.temperature = temperature
                    parameters.logProbabilityCount = logProbabilityCount
                }
                for value in [Float.nan, .infinity] {
                    for place in [0, 17, 39] {
                        var logits = [Float](repeating: 0, count: 40)
                        logits[place] = value
                        #expect(throws: SamplingError.invalidLogit(token: place, value: value)) {
                            try next(sampler, logits)
                        }
                    }
                }
                #expect(throws: SamplingError.everyTokenExcluded) {
                    try next(sampler, [Float](repeating: -.infinity, count: 40))
                }
                #expect(throws: SamplingError.wrongLogitCount(expected: 40, found: 39)) {
                    try next(sampler, [Float](repeating: 0, count: 39))
                }
                #expect(throws: SamplingError.wrongLogitCount(expected: 40, found: 0)) { try next(sampler, []) }
            }
        }
    }

    @Test func extremeLogitsAndPenalties() throws {
        let values: [Float] = [
            .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1e30, -1e30, .leastNonzeroMagnitude,
        ]
        for temperature in [1e-300, 1e-10, 1, 1000] {
            let sampler = try sampler(size: values.count, prompt: [0, 1, 2, 3, 4, 5]) { parameters in
                parameters.temperature = temperature
                parameters.repetitionPenalty = 0.01
                parameters.presencePenalty = -100
                parameters.frequencyPenalty = -100
                parameters.logitBias = [3: .greatestFiniteMagnitude]
                parameters.topP = 0.99
            }
            for _ in 0..<20 { #expect(values.indices.contains(try next(sampler, values).id)) }
        }
    }

    @Test func validation() {
        func error(_ change: (inout SamplingParameters) -> Void) -> SamplingError? {
            var parameters = SamplingParameters()
            change(&parameters)
            do throws(SamplingError) {
                try parameters.validate(vocabularySize: 100)
                return nil
            } catch {
                return error
            }
        }
        #expect(error { _ in } == nil)
        let changes: [(String, (inout SamplingParameters) -> Void)] = [
            ("temperature", { $0.temperature = -0.1 }), ("temperature", { $0.temperature = .nan }),
            ("temperature", { $0.temperature = .infinity }), ("topK", { $0.topK = -1 }), ("topK", { $0.topK = .max }),
            ("topP", { $0.topP = 0 }), ("topP", { $0.topP = 1.1 }), ("topP", { $0.topP = .nan }),
            ("minP", { $0.minP = -0.1 }),
            ("minP", { $0.minP = 2 }), ("repetitionPenalty", { $0.repetitionPenalty = 0 }),
            ("repetitionPenalty", { $0.repetitionPenalty = -1 }),
            ("presencePenalty", { $0.presencePenalty = .infinity }),
            ("frequencyPenalty", { $0.frequencyPenalty = -1000 }),
            ("logProbabilityCount", { $0.logProbabilityCount = -1 }),
            ("logProbabilityCount", { $0.logProbabilityCount = 1025 }), ("logitBias", { $0.logitBias = [1: .nan] }),
            ("logitBias", { $0.logitBias = [1: .infinity] }),
        ]
        for (name, change) in changes {
            guard case .invalid(let parameter, _, _) = error(change) else {
                Issue.record("\(name) was accepted")
                continue
            }
            #expect(parameter == name)
        }
        #expect(error { $0.logitBias = [100: 1] } == .tokenOutOfVocabulary(token: 100, vocabularySize: 100))
        #expect(error { $0.logitBias = [-1: 1] } == .tokenOutOfVocabulary(token: -1, vocabularySize: 100))
        #expect(throws: SamplingError.tokenOutOfVocabulary(token: 100, vocabularySize: 100)) {
            try Sampler(.greedy, vocabularySize: 100, prompt: [1, 100])
        }
        for size in [0, -1, Int.max] {
            #expect(throws: SamplingError.self) { try Sampler(.greedy, vocabularySize: size) }
        }
    }

    @Test func largeVocabularies() throws {
        // Qwen's vocabulary: every way to select agrees with a full sort.
        let size = 151_936
        var generator = Xoshiro256StarStar(seed: 3)
        let logits = (0..<size).map { _ in Float((0..<4).reduce(0.0) { sum, _ in sum + generator.nextUnit() }) * 5 }
        let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        let weights = order.map { exponential(Double(logits[$0] - logits[order[0]])) }
        let total = weights.reduce(0, +)
        for (topK, topP) in [(20, 1.0), (1000, 1.0), (0, 0.1), (0, 0.9), (0, 0.9999)] {
            let sampler = try sampler(size: size) { parameters in (parameters.topK, parameters.topP) = (topK, topP) }
            var copy = logits
            let found = try copy.withUnsafeMutableBufferPointer { try sampler.distribution(logits: $0) }
            if topK > 0 {
                #expect(Set(found.keys) == Set(order.filter { logits[$0] >= logits[order[topK - 1]] }))
            } else {
                var sum = 0.0
                let nucleus = zip(order, weights).prefix { _, weight in
                    defer { sum += weight }
                    return sum < topP * total
                }
                let slack = max(2, nucleus.count / 1000)
                #expect(abs(found.count - nucleus.count) <= slack)
                #expect(nucleus.dropLast(slack).allSatisfy { found[$0.0] != nil })
            }
        }
    }

    /// e^x by its series on a reduced argument: a second opinion on the weights.
    private func exponential(_ x: Double) -> Double {
        var sum = 1.0
        var term = 1.0
        for index in 1..<20 {
            term *= x / 1024 / Double(index)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
