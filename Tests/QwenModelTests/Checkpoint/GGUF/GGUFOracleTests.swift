import Foundation
import QwenJSON
import QwenModel
import QwenTensor
import Testing

/// The oracle's files, written by llama.cpp's quantiser: values by gguf-py, answers by transformers with these values.
@Suite("GGUF files of llama.cpp's quantiser", .enabled(if: Oracle.isPresent))
struct GGUFOracleTests {
    static let files: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Oracle.path("gguf"))) ?? []
        return names.filter { $0.hasSuffix(".gguf") }.sorted()
    }()

    private func golden(_ file: String) throws -> JSONValue {
        let path = Oracle.path("gguf/" + file.dropLast("gguf".count) + "json")
        return try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test func thereAreFiles() {
        #expect(Self.files.count >= 23)
    }

    /// The first values of every tensor, and the sum of all, to the last bit.
    @Test(arguments: files)
    func values(_ name: String) throws {
        let path = Oracle.path("gguf/" + name)
        let file = try GGUFFile(path: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let wanted = try #require(golden(name)["tensors"]?.object)
        #expect(file.tensors.count == wanted.count)
        for tensor in file.tensors {
            let entry = try #require(wanted[tensor.name])
            #expect(tensor.type.description == entry["type"]?.string)
            #expect(tensor.shape == entry["shape"]?.array?.compactMap(\.int))
            let values = try QwenTensor.Tensor(
                elementType: try #require(tensor.type.elementType),
                shape: tensor.shape,
                storage: Storage(byteCount: tensor.byteCount) { $0.copyBytes(from: bytes[tensor.fileRange]) }
            ).floats()
            let first = try #require(entry["first"]?.array).compactMap { $0.double.map(Float.init) }
            #expect(Array(values.prefix(8)).map(\.bitPattern) == first.map(\.bitPattern), "\(tensor.name)")
            // Sums of doubles differ by their order alone.
            let sum = values.reduce(0.0) { $0 + Double($1) }
            let magnitude = values.reduce(0.0) { $0 + abs(Double($1)) }
            #expect(abs(sum - (try #require(entry["sum"]?.double))) <= 1e-12 * magnitude, "\(tensor.name)")
        }
    }

    @Test(arguments: files)
    func answers(_ name: String) async throws {
        let checkpoint = try Checkpoint(path: Oracle.path("gguf/" + name))
        var reading = ReadingOptions()
        reading.access = .mapped
        let engine = try InferenceEngine(
            ModelWeights(checkpoint.configuration, from: checkpoint.reader(reading)),
            options: EngineOptions(threadCount: 2, keyValueType: .float32)
        )
        for item in try #require(golden(name)["cases"]?.array) {
            let ids = try #require(item["input_ids"]?.array).compactMap(\.int)
            let wanted = try #require(item["logits_last"]?.array).compactMap { $0.double.map(Float.init) }
            let greedy = try #require(item["greedy"]?.array).compactMap(\.int)
            let found = try await engine.evaluate(ids, logitsAt: [ids.count - 1]).logits[0]
            #expect(zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity <= 2e-3)
            #expect(found.count == wanted.count)
            let request = GenerationRequest(prompt: ids, sampling: .greedy, maxTokens: greedy.count)
            #expect(try await engine.tokens(request) == greedy)
        }
    }
}
