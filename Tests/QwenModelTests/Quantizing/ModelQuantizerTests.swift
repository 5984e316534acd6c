import Foundation
import QwenModel
import QwenTensor
import Testing

/// Files that the quantiser writes: the model in them says what the one that it was made of says.
@Suite struct ModelQuantizerTests {
    private func quantized(_ checkpoint: Checkpoint, _ mixture: QuantizationMixture) throws -> Checkpoint {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".gguf")
        defer { try? FileManager.default.removeItem(at: file) }
        try ModelQuantizer(checkpoint, to: mixture).write(to: file.path, pool: WorkerPool(workerCount: 2))
        // It stays open.
        return try Checkpoint(path: file.path)
    }

    @Test(arguments: ["qwen2-bias-bf16", "qwen2-moe-bf16", "qwen3-moe-bf16", "qwen3-tied-bf16", "qwen3-yarn-f32"])
    func answersAsItsSource(_ name: String) async throws {
        let model = ReferenceModel(folder: Fixtures.folder.appending(path: name))
        let source = try Checkpoint(path: model.folder.path)
        let copy = try quantized(source, .q8_0)
        #expect(copy.configuration.parameterCount == source.configuration.parameterCount)
        #expect(copy.configuration.architecture == source.configuration.architecture)
        #expect(copy.configuration.mixture == source.configuration.mixture)
        #expect(copy.tensorCounts["Q8_0", default: 0] > 0)
        let engine = try InferenceEngine(ModelWeights(copy.configuration, from: copy.reader()))
        for item in try model.cases() {
            let found = try await engine.evaluate(item.inputIDs, logitsAt: [item.inputIDs.count - 1]).logits[0]
            // The largest logits are about 2; a token near the edge between two experts may go to the other one.
            let squares = zip(found, item.lastLogits).map { ($0 - $1) * ($0 - $1) }
            #expect((squares.reduce(0, +) / Float(squares.count)).squareRoot() <= 0.15)
        }
    }

    /// Vectors, routers and the gate of the expert for all tokens stay floats.
    @Test func whatStaysFloat() throws {
        let folder = Fixtures.folder.appending(path: "qwen2-moe-bf16")
        let copy = try quantized(Checkpoint(path: folder.path), .q4_K_M)
        let floats = try #require(copy.gguf).tensors.filter { $0.type == .f32 }.map(\.name)
        let layer = floats.filter { $0.hasPrefix("blk.1.") }.map { $0.dropFirst("blk.1.".count) }.sorted()
        #expect(
            layer == [
                "attn_k.bias", "attn_norm.weight", "attn_q.bias", "attn_v.bias", "ffn_gate_inp.weight",
                "ffn_gate_inp_shexp.weight", "ffn_norm.weight",
            ]
        )
        let gate = copy.gguf?.tensors.first { $0.name == "blk.1.ffn_gate_inp_shexp.weight" }
        #expect(gate?.shape == [32])
    }

    /// A dense layer among sparse ones, and weights of experts that are not scaled, cannot be told in GGUF.
    @Test func whatCannotBeSaid() throws {
        let folder = Fixtures.folder.appending(path: "qwen3-moe-mixed-f32")
        #expect(throws: QuantizingError.notExpressible(key: "mlp_only_layers")) {
            try quantized(Checkpoint(path: folder.path), .q8_0)
        }
    }
}
