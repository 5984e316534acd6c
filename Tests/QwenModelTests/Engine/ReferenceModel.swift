import Foundation
import QwenJSON
import QwenModel
import Testing

/// A small checkpoint with the answers that transformers gives for it.
struct ReferenceModel: Sendable, CustomTestStringConvertible {
    /// One prompt and its answers.
    struct Case: Sendable {
        let inputIDs: [Int]
        let lastLogits: [Float]
        /// The first logits at some more positions.
        let rows: [(position: Int, logits: [Float])]
        let greedy: [Int]
        let negativeLogLikelihood: Double?
    }

    let folder: URL

    var testDescription: String { folder.lastPathComponent }

    /// The checkpoints that the tests carry, and the oracle's where it is present.
    static let all: [ReferenceModel] = [
        Fixtures.folder, Fixtures.folder.appending(path: "Quantized"), Fixtures.folder.appending(path: "GGUF"),
        Oracle.folder.appending(path: "data/zoo"),
    ].flatMap { parent in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
        return names.sorted().map { parent.appending(path: $0) }
            .filter { folder in
                let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
                return files.contains("golden.json") && (files.contains("config.json") || files.contains("model.gguf"))
            }
            .map { ReferenceModel(folder: $0) }
    }

    func engine(_ options: EngineOptions) throws -> InferenceEngine {
        let checkpoint = try Checkpoint(path: folder.path)
        return try InferenceEngine(ModelWeights(checkpoint.configuration, from: checkpoint.reader()), options: options)
    }

    func cases() throws -> [Case] {
        let golden = try JSONValue(parsing: Array(Data(contentsOf: folder.appending(path: "golden.json"))))
        return (golden["cases"]?.array ?? []).map { item in
            let rows = (item["logits_rows"]?.object?.members ?? []).compactMap { row in
                Int(row.key).map { (position: $0, logits: Self.floats(row.value)) }
            }
            return Case(
                inputIDs: Self.ints(item["input_ids"]),
                lastLogits: Self.floats(item["logits_last"]),
                rows: rows,
                greedy: Self.ints(item["greedy"]),
                negativeLogLikelihood: item["nll"]?.double
            )
        }
    }

    private static func ints(_ value: JSONValue?) -> [Int] { value?.array?.compactMap(\.int) ?? [] }

    private static func floats(_ value: JSONValue?) -> [Float] {
        value?.array?.compactMap { $0.double.map(Float.init) } ?? []
    }
}
