import Foundation
import QwenModel
import QwenTensor
import Testing

/// What else touches experts, where they are read on demand.
@Suite("Experts on demand beside other features") struct ExpertsOnDemandFeatureTests {
    private typealias Model = ExpertsOnDemandTests.Model

    private func logits(_ engine: InferenceEngine, _ tokens: [Int]) async throws -> [[UInt32]] {
        try await engine.evaluate(tokens, logitsAt: Array(tokens.indices)).logits.map { $0.map(\.bitPattern) }
    }

    // MARK: Adapters

    /// An adapter for one matrix of some experts of each layer.
    private func adapter(_ configuration: ModelConfiguration, experts: [Int]) throws -> LoRAAdapter {
        let mixture = try #require(configuration.mixture)
        let (hidden, layers) = (configuration.hiddenSize, configuration.layerCount)
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        var (header, numbers) = ("{", 0)
        func add(_ name: String, _ shape: [Int]) {
            let count = shape.reduce(1, *)
            let range = "[\(4 * numbers),\(4 * (numbers + count))]"
            let separator = numbers == 0 ? "" : ","
            header += #"\#(separator)"\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":\#(range)}"#
            numbers += count
        }
        for layer in 0..<layers {
            for (index, expert) in experts.enumerated() {
                let module = ["gate_proj", "up_proj", "down_proj"][(layer + index) % 3]
                let name = "base_model.model.model.layers.\(layer).mlp.experts.\(expert).\(module)"
                let (outputs, inputs) =
                    module == "down_proj" ? (hidden, mixture.intermediateSize) : (mixture.intermediateSize, hidden)
                add(name + ".lora_A.weight", [2, inputs])
                add(name + ".lora_B.weight", [outputs, 2])
            }
        }
        var bytes = CheckpointFolderBuilder.safetensors(header: header + "}")
        for index in 0..<numbers {
            let number = Float((index * 7919) % 23 - 11) / 16
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes += $0 }
        }
        try folder.write(bytes, to: "adapter_model.safetensors")
        try folder.write(
            #"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["gate_proj", "up_proj", "down_proj"]}"#,
            to: "adapter_config.json"
        )
        return try LoRAAdapter(path: folder.path)
    }

    /// Slots change hands between experts that have an update and experts that have none.
    @Test(arguments: ["qwen3-moe-bf16", "GGUF/qwen3moe/model.gguf"], [1, 2])
    func adapters(_ name: String, times: Int) async throws {
        let model = Model(path: Fixtures.path(name))
        let configuration = try model.checkpoint.configuration
        let one = try adapter(configuration, experts: [0, 1, 3])
        let other = try adapter(configuration, experts: [2])
        let resident = try model.engine(.resident)
        let onDemand = try model.engine(.onDemand(byteLimit: times * model.smallestLimit))
        let tokens = try model.prompt(30)
        let plain = try await logits(resident, tokens)
        let before = try await logits(onDemand, tokens)
        #expect((before == plain) == true)
        for attached in [[AttachedAdapter(one)], [AttachedAdapter(one, weight: 0.5), AttachedAdapter(other)], []] {
            try await resident.attach(attached)
            try await onDemand.attach(attached)
            let wanted = try await logits(resident, tokens)
            #expect((wanted == plain) == attached.isEmpty)
            for _ in 0..<2 {
                let found = try await logits(onDemand, tokens)
                // Not the numbers themselves, which would fill the report.
                let isSame = found == wanted
                #expect(isSame)
            }
        }
        // At load time.
        let checkpoint = try model.checkpoint
        func loaded(_ experts: ExpertResidency) throws -> InferenceEngine {
            let weights = try ModelWeights(checkpoint.configuration, from: checkpoint.reader(), experts: experts)
            return try InferenceEngine(weights.with([AttachedAdapter(one)]), options: EngineOptions(threadCount: 2))
        }
        let limit = try #require(try model.smallestLimit(.exact))
        let wanted = try await logits(loaded(.resident), tokens)
        let found = try await logits(loaded(.onDemand(byteLimit: times * limit)), tokens)
        let isSame = found == wanted
        #expect(isSame)
    }

    // MARK: Saved contexts

    /// It is the same model, so each goes on with what the other has saved; and another model's is refused.
    @Test(arguments: Model.all)
    func savedContexts(_ model: ExpertsOnDemandTests.Model) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "context-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let engines = [try model.engine(.resident), try model.engine(.onDemand(byteLimit: model.smallestLimit))]
        let prompt = try model.prompt(20)
        let request = GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: 6)
        for (one, other) in [(engines[0], engines[1]), (engines[1], engines[0])] {
            let context = try one.makeContext()
            let tokens = try await one.tokens(request, in: context).tokens
            try await one.save(context, to: file)
            let restored = try await other.restoreContext(from: file)
            #expect(restored.context.cachedTokens == prompt.count + tokens.count - 1)
            let more = GenerationRequest(prompt: prompt + tokens + [5], sampling: .greedy, maxTokens: 6)
            #expect(try await other.tokens(more, in: restored.context).tokens == one.tokens(more, in: context).tokens)
        }
    }

    // MARK: Files that change

    /// What cannot be read is an error of the request that needs it, and nothing of it stays.
    @Test func fileThatShrinks() async throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let contents = try Data(contentsOf: Fixtures.folder.appending(path: "GGUF/qwen3moe/model.gguf"))
        try folder.write(contents, to: "model.gguf")
        let path = folder.path + "/model.gguf"
        let model = Model(path: path)
        let tokens = try model.prompt(30)
        let wanted = try await logits(model.engine(.resident), tokens)
        let engine = try model.engine(.onDemand(byteLimit: 1 << 30))
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: UInt64(contents.count / 8))
        for _ in 0..<2 {
            do {
                _ = try await engine.evaluate(tokens, logitsAt: [2])
                Issue.record("the file was too short")
            } catch CheckpointError.fileShrank {
            }
        }
        do {
            let context = try engine.makeContext()
            try await engine.save(context, to: folder.path + "/context")
            Issue.record("the file was too short")
        } catch CheckpointError.fileShrank {
        }
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: contents)
        try file.close()
        #expect(try await logits(engine, tokens) == wanted)
    }

    @Test func numbersThatAreNotFinite() async throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        var contents = try Data(contentsOf: Fixtures.folder.appending(path: "GGUF/qwen3moe/model.gguf"))
        let tensors = try #require(try Checkpoint(path: Fixtures.path("GGUF/qwen3moe/model.gguf")).gguf?.tensors)
        let tensor = try #require(tensors.first { $0.name == "blk.0.ffn_down_exps.weight" })
        for index in tensor.fileRange { contents[index] = 0xFF }
        try folder.write(contents, to: "model.gguf")
        let model = Model(path: folder.path + "/model.gguf")
        #expect(throws: CheckpointError.self) { try model.engine(.resident) }
        let engine = try model.engine(.onDemand(byteLimit: 1 << 30))
        for _ in 0..<2 {
            do {
                _ = try await engine.evaluate([3, 4, 5], logitsAt: [2])
                Issue.record("there are NaNs")
            } catch CheckpointError.notFinite(let name, _) {
                #expect(name == tensor.name)
            }
        }
    }
}
