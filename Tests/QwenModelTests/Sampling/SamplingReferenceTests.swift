import Foundation
import QwenJSON
import QwenModel
import Testing

/// Distributions against those of transformers and vLLM, as `make_sampling_cases.py` wrote them down.
@Suite struct SamplingReferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let json: JSONValue

        var testDescription: String { json["parameters"]?.serialized() ?? "" }

        var logits: [Float] {
            (json["logits"]?.array ?? []).map { $0.double.map(Float.init) ?? -.infinity }
        }

        func tokens(_ key: String) -> [Int] { (json[key]?.array ?? []).compactMap(\.int) }

        var parameters: SamplingParameters {
            let values = json["parameters"]
            var parameters = SamplingParameters()
            parameters.temperature = values?["temperature"]?.double ?? 1
            parameters.topK = values?["topK"]?.int ?? 0
            parameters.topP = values?["topP"]?.double ?? 1
            parameters.minP = values?["minP"]?.double ?? 0
            parameters.repetitionPenalty = values?["repetitionPenalty"]?.double ?? 1
            parameters.presencePenalty = values?["presencePenalty"]?.double ?? 0
            parameters.frequencyPenalty = values?["frequencyPenalty"]?.double ?? 0
            for member in values?["logitBias"]?.object ?? [:] {
                if let token = Int(member.key), let bias = member.value.double {
                    parameters.logitBias[token] = Float(bias)
                }
            }
            parameters.seed = 1
            return parameters
        }

        func sampler(_ parameters: SamplingParameters) throws -> Sampler {
            let sampler = try Sampler(parameters, vocabularySize: logits.count, prompt: tokens("prompt"))
            for token in tokens("answer") { try sampler.append(token) }
            return sampler
        }
    }

    static let cases: [Case] = {
        let data = try? Data(contentsOf: URL(fileURLWithPath: Fixtures.path("sampling_cases.json")))
        let value = data.flatMap { try? JSONValue(parsing: [UInt8]($0)) }
        return (value?.array ?? []).map(Case.init)
    }()

    @Test func fixtureIsThere() {
        #expect(Self.cases.count == 35)
    }

    @Test(arguments: cases) func distribution(testCase: Case) throws {
        var logits = testCase.logits
        let sampler = try testCase.sampler(testCase.parameters)
        let found = try logits.withUnsafeMutableBufferPointer { try sampler.distribution(logits: $0) }
        let expected = try #require(testCase.json["expected"]?.object)
        for member in expected {
            let token = try #require(Int(member.key))
            let probability = try #require(member.value.double)
            // Weights below the smallest normal float may vanish.
            guard probability > 1e-30 else { continue }
            let difference = abs(found[token, default: 0] - probability)
            #expect(difference <= 2e-6 * probability + 1e-9, "token \(token)")
        }
        let extra = Set(found.keys).subtracting(expected.keys.compactMap { Int($0) })
        #expect(extra.isEmpty)
    }

    @Test(arguments: cases) func logProbabilities(testCase: Case) throws {
        var parameters = testCase.parameters
        parameters.logProbabilityCount = 5
        let sampler = try testCase.sampler(parameters)
        var logits = testCase.logits
        let token = try logits.withUnsafeMutableBufferPointer { try sampler.next(logits: $0) }
        let raw = (testCase.json["logProbabilities"]?.array ?? []).map { $0.double ?? -.infinity }
        // Of the logits as they came, whatever penalties and biases did to them.
        #expect(abs(Double(try #require(token.logProbability)) - raw[token.id]) < 1e-4)
        let expected = raw.indices.sorted { raw[$0] > raw[$1] }.prefix(5)
        #expect(token.topLogProbabilities.map(\.id) == Array(expected))
        for entry in token.topLogProbabilities where raw[entry.id] > -.infinity {
            #expect(abs(Double(entry.logProbability) - raw[entry.id]) < 1e-4)
        }
    }
}
