import Foundation
import QwenJSON
import QwenModel
import QwenTensor
import Testing

/// Checkpoints in the quantised layouts of safetensors files and in GGUF files: every matrix, bit for bit. Their logits are compared where those
/// of all checkpoints are.
@Suite struct QuantizedCheckpointTests {
    static let models = ReferenceModel.all.filter {
        ["Quantized", "GGUF"].contains($0.folder.deletingLastPathComponent().lastPathComponent)
    }

    @Test func thereAreCheckpoints() {
        #expect(Self.models.count >= 18)
    }

    @Test(arguments: models)
    func matricesAreTheReferences(_ model: ReferenceModel) throws {
        let golden = try JSONValue(parsing: Array(Data(contentsOf: model.folder.appending(path: "golden.json"))))
        let weights = try #require(golden["weights"]?.object)
        let reader = try Checkpoint(path: model.folder.path).reader()
        for (name, wanted) in weights.members.map({ ($0.key, $0.value) }) {
            let shape = try #require(wanted["shape"]?.array).compactMap(\.int)
            let module = String(name.dropLast(".weight".count))
            let matrix = try reader.linear(module, outputs: shape[0], inputs: shape[1], bias: false)
            var floats = [Float](repeating: 0, count: shape[0] * shape[1])
            matrix.decode(rows: 0..<shape[0], into: &floats)
            let first = try #require(wanted["first"]?.array).compactMap { $0.double.map(Float.init) }
            #expect(Array(floats.prefix(8)) == first, "\(name)")
            #expect(Self.digest(floats) == wanted["fnv1a"]?.string, "\(name)")
        }
    }

    /// FNV-1a of the floats' bytes.
    private static func digest(_ floats: [Float]) -> String {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for float in floats {
            for shift in stride(from: 0, to: 32, by: 8) {
                digest = (digest ^ UInt64(truncatingIfNeeded: float.bitPattern >> shift) & 0xFF) &* 0x100_0000_01B3
            }
        }
        let text = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    /// A copy of a checkpoint with one tensor changed in the header.
    private func corrupted(_ name: String, _ old: String, _ new: String) throws -> URL {
        let source = Fixtures.folder.appending(path: "Quantized/\(name)")
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(contentsOf: source.appending(path: "config.json")).write(to: folder.appending(path: "config.json"))
        var bytes = try Data(contentsOf: source.appending(path: "model.safetensors"))
        let range = try #require(bytes.range(of: Data(old.utf8)))
        #expect(old.utf8.count == new.utf8.count)
        bytes.replaceSubrange(range, with: Data(new.utf8))
        try bytes.write(to: folder.appending(path: "model.safetensors"))
        return folder
    }

    @Test func namesAMissingPart() throws {
        let folder = try corrupted("gptq-4bit", "layers.0.mlp.up_proj.qzeros", "layers.0.mlp.up_proj.qzeroz")
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        guard case .weightsDoNotFit(let mismatch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(mismatch.missing == ["model.layers.0.mlp.up_proj.qzeros"])
        #expect(mismatch.unexpected == ["model.layers.0.mlp.up_proj.qzeroz"])
    }

    /// Integers where scales should be, of the same size.
    @Test func namesAPartOfTheWrongType() throws {
        let folder = try corrupted("gptq-4bit", #""dtype":"F16","shape":[2,64]"#, #""dtype":"I16","shape":[2,64]"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        guard case .unsupportedElementType(let name, "I16") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name.hasSuffix(".scales"))
    }

    /// A group index that has no scale.
    @Test func refusesGroupsWithoutAScale() throws {
        let source = Fixtures.folder.appending(path: "Quantized/gptq-4bit-desc-act")
        let file = try SafetensorsFile(path: source.appending(path: "model.safetensors").path)
        let tensor = try #require(file["model.layers.1.self_attn.k_proj.g_idx"])
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: source, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        var bytes = try Data(contentsOf: source.appending(path: "model.safetensors"))
        bytes[tensor.fileRange.lowerBound + 4 * 7 + 3] = 0xFF
        try bytes.write(to: folder.appending(path: "model.safetensors"))
        let reader = try Checkpoint(path: folder.path).reader()
        let error = #expect(throws: CheckpointError.self) {
            try reader.linear("model.layers.1.self_attn.k_proj", outputs: 32, inputs: 64, bias: false)
        }
        guard case .matrix("model.layers.1.self_attn.k_proj.weight", .groupOutOfRange(column: 7, _, groups: 2)) = error
        else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
