import Foundation
import QwenJSON
import QwenModel
import QwenTensor
import Testing

/// Adapters against PEFT's logits.
@Suite struct LoRAAdapterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let adapters: [(name: String, weight: Float)]
        let logits: [Float]
        var testDescription: String { adapters.map { "\($0.weight) \($0.name)" }.joined(separator: " + ") }
    }

    static let folder = Fixtures.folder.appending(path: "adapters")
    static let golden = try? JSONValue(parsing: Array(Data(contentsOf: folder.appending(path: "golden.json"))))
    static let prompt = golden?["input_ids"]?.array?.compactMap(\.int) ?? []
    static let cases: [Case] = (golden?["cases"]?.array ?? []).map { item in
        Case(
            adapters: (item["adapters"]?.array ?? []).map {
                ($0["name"]?.string ?? "", Float($0["weight"]?.double ?? 0))
            },
            logits: (item["logits"]?.array ?? []).compactMap { $0.double.map(Float.init) }
        )
    }

    private func attached(_ item: Case) throws -> [AttachedAdapter] {
        try item.adapters.map {
            AttachedAdapter(try LoRAAdapter(path: Self.folder.appending(path: $0.name).path), weight: $0.weight)
        }
    }

    private func weights(_ name: String = "qwen3-tied-bf16") throws -> ModelWeights {
        let checkpoint = try Checkpoint(path: Fixtures.path(name))
        return try ModelWeights(checkpoint.configuration, from: checkpoint.reader())
    }

    private func logits(_ engine: InferenceEngine) async throws -> [Float] {
        try await engine.evaluate(Self.prompt, logitsAt: [Self.prompt.count - 1]).logits[0]
    }

    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
    }

    @Test func thereAreCases() {
        #expect(Self.cases.count == 5)
        #expect(difference(Self.cases[0].logits, Self.cases[3].logits) > 0.5)
    }

    @Test(arguments: cases, [1, 3])
    func logitsAreThoseOfPEFT(_ item: Case, threads: Int) async throws {
        let options = EngineOptions(threadCount: threads, prefillChunk: 4, keyValueType: .float32)
        // At run time, and at load time.
        let engine = try InferenceEngine(weights(), options: options)
        try await engine.attach(attached(item))
        #expect(try await difference(logits(engine), item.logits) < 2e-4)
        let loaded = try InferenceEngine(weights().with(attached(item)), options: options)
        #expect(try await logits(loaded) == logits(engine))
    }

    /// The same adapter as a GGUF file.
    @Test func readsGGUF() async throws {
        let engine = try InferenceEngine(
            weights(),
            options: EngineOptions(threadCount: 2, keyValueType: .float32)
        )
        let adapter = try LoRAAdapter(path: Self.folder.appending(path: "plain.gguf").path)
        try await engine.attach([AttachedAdapter(adapter)])
        #expect(try await difference(logits(engine), Self.cases[1].logits) < 2e-4)
    }

    @Test func aModelIsNoAdapter() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "model.gguf")
        try Data(Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 16)).write(to: file)
        #expect(throws: AdapterError.notAnAdapter(path: file.path)) { try LoRAAdapter(path: file.path) }
    }

    @Test func detachingRestoresEveryBit() async throws {
        let engine = try InferenceEngine(weights(), options: EngineOptions(threadCount: 2))
        let before = try await logits(engine)
        try await engine.attach(attached(Self.cases[3]))
        #expect(try await logits(engine) != before)
        try await engine.attach([])
        #expect(try await logits(engine) == before)
    }

    /// Keys and values that other adapters gave must not be used again.
    @Test func aContextForgetsWhatOtherAdaptersComputed() async throws {
        let engine = try InferenceEngine(weights(), options: EngineOptions(threadCount: 1))
        let context = try engine.makeContext()
        let request = GenerationRequest(prompt: Self.prompt, sampling: .greedy, maxTokens: 6)
        let plain = try await engine.tokens(request, in: context).tokens
        try await engine.attach(attached(Self.cases[3]))
        let (changed, summary) = try await engine.tokens(request, in: context)
        #expect(summary?.cachedTokens == 0)
        #expect(try await changed == engine.tokens(request))
        try await engine.attach([])
        #expect(try await engine.tokens(request, in: context).tokens == plain)
    }

    @Test func refusesAnAdapterOfAnotherModel() async throws {
        let engine = try InferenceEngine(weights("qwen2-bias-bf16"), options: EngineOptions(threadCount: 1))
        let before = try await logits(engine)
        let error = await #expect(throws: AdapterError.self) { try await engine.attach(attached(Self.cases[1])) }
        guard case .doesNotFit("model.layers.0.self_attn.q_proj", _, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await logits(engine) == before)
    }

    @Test(arguments: [
        (#""use_rslora": true"#, #""use_dora": true"#, "use_dora"),
        (#""peft_type": "LORA""#, #""peft_type": "IA3""#, "peft_type"),
        (#""bias": "none""#, #""bias": "all""#, "bias"),
    ])
    func namesWhatCannotBeRead(_ old: String, _ new: String, key: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.copyItem(at: Self.folder.appending(path: "patterns"), to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "adapter_config.json")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self).replacing(
            #""use_dora": false,"#,
            with: ""
        )
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: file)
        let error = #expect(throws: AdapterError.self) { try LoRAAdapter(path: folder.path) }
        guard case .configuration(_, .unsupported(key, _, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
