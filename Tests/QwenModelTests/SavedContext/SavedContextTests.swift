import Foundation
import QwenModel
import QwenTensor
import Testing

@Suite("Contexts in files") struct SavedContextTests {
    /// A file that is gone when the test is over.
    private final class File {
        let path: String

        init() {
            path = FileManager.default.temporaryDirectory.appending(path: "context-\(UUID().uuidString)").path
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var bytes: [UInt8] {
            get throws { Array(try Data(contentsOf: URL(filePath: path))) }
        }

        func write(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(filePath: path))
        }
    }

    private let options = EngineOptions(threadCount: 2, prefillChunk: 16, retainedPrefixByteCount: 0)

    private func request(_ prompt: [Int], _ count: Int = 20) -> GenerationRequest {
        GenerationRequest(prompt: prompt, sampling: .greedy, maxTokens: count)
    }

    @Test(arguments: KeyValueType.allCases)
    func goesOnAsIfNothingHadHappened(type: KeyValueType) async throws {
        var options = options
        options.keyValueType = type
        let file = File()
        let prompt = RandomModel.prompt(100)
        let attachment = Array("what was said".utf8)
        var all = prompt
        do {
            let engine = try RandomModel.engine(options)
            let context = try engine.makeContext()
            all += try await engine.tokens(request(prompt), in: context).tokens
            try await engine.save(context, to: file.path, attachment: attachment)
            // The context is as usable as before.
            #expect(context.cachedTokens == all.count - 1)
        }
        let expected = try await RandomModel.engine(options).tokens(request(all + [5], 60))
        let engine = try RandomModel.engine(options)
        let restored = try await engine.restoreContext(from: file.path)
        #expect(restored.attachment == attachment)
        #expect(restored.context.cachedTokens == all.count - 1)
        let (tokens, summary) = try await engine.tokens(request(all + [5], 60), in: restored.context)
        #expect(summary?.cachedTokens == all.count - 1)
        #expect(tokens == expected)
    }

    @Test func anEmptyContext() async throws {
        let file = File()
        let engine = try RandomModel.engine(options)
        try await engine.save(engine.makeContext(), to: file.path)
        let restored = try await engine.restoreContext(from: file.path)
        #expect(restored.context.cachedTokens == 0)
        #expect(restored.attachment.isEmpty)
        #expect(try await engine.tokens(request([1, 2, 3]), in: restored.context).tokens.count == 20)
    }

    @Test func onlyTheOwnerMayRead() async throws {
        let file = File()
        let engine = try RandomModel.engine(options)
        try await engine.save(engine.makeContext(), to: file.path)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test func otherRequestsGoOnMeanwhile() async throws {
        let file = File()
        let engine = try RandomModel.engine(options)
        let context = try engine.makeContext()
        _ = try await engine.tokens(request(RandomModel.prompt(2000), 1), in: context)
        let alone = try await engine.tokens(request(RandomModel.prompt(30), 300))
        async let tokens = engine.tokens(request(RandomModel.prompt(30), 300))
        try await engine.save(context, to: file.path)
        async let restored = engine.restoreContext(from: file.path)
        #expect(try await tokens == alone)
        #expect(try await restored.context.cachedTokens == 2000)
    }

    // MARK: What cannot be

    private func saved(_ file: File, _ options: EngineOptions? = nil) async throws {
        let engine = try RandomModel.engine(options ?? self.options)
        let context = try engine.makeContext()
        _ = try await engine.tokens(request(RandomModel.prompt(10), 3), in: context)
        try await engine.save(context, to: file.path, attachment: [1, 2, 3])
    }

    private func error(_ file: File, capacity: Int? = nil) async throws -> SavedContextError? {
        let engine = try RandomModel.engine(options)
        do {
            _ = try await engine.restoreContext(from: file.path, capacity: capacity)
            return nil
        } catch let error as SavedContextError {
            return error
        }
    }

    /// A bias lies apart from the matrix that it belongs to, and is as much the model's.
    @Test func anotherBiasIsAnotherModel() async throws {
        let text = """
            {"model_type": "qwen3", "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
             "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000,
             "tie_word_embeddings": true, "hidden_act": "silu", "attention_bias": true}
            """
        let configuration = try Array(text.utf8).withUnsafeBytes { try ModelConfiguration(parsing: $0) }
        let file = File()
        for (spoilt, expected) in [(nil, nil), ("model.layers.1.self_attn.v_proj.bias", SavedContextError.otherModel)] {
            let weights = try ModelWeights(configuration, from: RandomModel(spoilt: spoilt))
            let engine = try InferenceEngine(weights, options: options)
            try await engine.save(engine.makeContext(), to: file.path)
            let own = try InferenceEngine(ModelWeights(configuration, from: RandomModel()), options: options)
            var found: SavedContextError?
            do { _ = try await own.restoreContext(from: file.path) } catch let error as SavedContextError {
                found = error
            }
            #expect(found == expected)
        }
    }

    /// Keys and values belong to the arithmetic that they were computed with, even where the weights lie in memory alike.
    @Test func anotherArithmeticIsAnotherModel() async throws {
        let checkpoint = try Checkpoint(path: Fixtures.folder.appending(path: "GGUF/qwen3-all-types/model.gguf").path)
        func engine(_ arithmetic: Arithmetic) throws -> InferenceEngine {
            let weights = try ModelWeights(
                checkpoint.configuration,
                from: checkpoint.reader(),
                arithmetic: arithmetic
            )
            return try InferenceEngine(weights, options: options)
        }
        let file = File()
        for own in Arithmetic.allCases {
            let saving = try engine(own)
            try await saving.save(saving.makeContext(), to: file.path)
            for other in Arithmetic.allCases {
                var found: SavedContextError?
                do { _ = try await engine(other).restoreContext(from: file.path) } catch let error as SavedContextError
                {
                    found = error
                }
                #expect(found == (own == other ? nil : .otherModel), "\(own), \(other)")
            }
        }
    }

    @Test func filesOfOthers() async throws {
        let file = File()
        try await saved(file)
        #expect(try await error(file) == nil)
        #expect(try await error(file, capacity: 12) == nil)
        #expect(try await error(file, capacity: 11) == .tooManyTokens(12, capacity: 11))

        for type in [KeyValueType.float32, .int8] {
            var other = options
            other.keyValueType = type
            try await saved(file, other)
            #expect(try await error(file) == .otherKeyValueType(type, expected: .float16))
        }

        // One weight that is another one.
        let engine = try RandomModel.engine(spoilt: "model.layers.0.mlp.down_proj.weight", options)
        try await engine.save(engine.makeContext(), to: file.path)
        #expect(try await error(file) == .otherModel)
        let model = try #require(ReferenceModel.all.first)
        let foreign = try model.engine(options)
        try await foreign.save(foreign.makeContext(), to: file.path)
        #expect(try await error(file) == .otherModel)

        try file.write([UInt8](repeating: 0x20, count: 200))
        #expect(try await error(file) == .notASavedContext(path: file.path))
        try file.write([])
        #expect(try await error(file) == .notASavedContext(path: file.path))
        try FileManager.default.removeItem(atPath: file.path)
        #expect(try await error(file) == .cannotOpen(path: file.path, code: ENOENT))
        try FileManager.default.createDirectory(atPath: file.path, withIntermediateDirectories: false)
        #expect(try await error(file) == .notAFile(path: file.path))
    }

    @Test func filesCutOffAnywhere() async throws {
        let file = File()
        try await saved(file)
        let bytes = try file.bytes
        let engine = try RandomModel.engine(options)
        for count in Array(0..<100) + stride(from: 100, to: bytes.count, by: 97) + [bytes.count - 1] {
            try file.write(Array(bytes.prefix(count)))
            await #expect(throws: SavedContextError.self) {
                _ = try await engine.restoreContext(from: file.path)
            }
        }
        try file.write(bytes + [0])
        #expect(
            try await error(file) == .wrongSize(expected: bytes.count, found: bytes.count + 1)
        )
    }

    @Test func filesWithAChangedByte() async throws {
        let file = File()
        try await saved(file)
        let bytes = try file.bytes
        let engine = try RandomModel.engine(options)
        for index in Array(0..<140) + stride(from: 140, to: bytes.count, by: 61) + [bytes.count - 1] {
            for bit in [UInt8(1), 0x80] {
                var changed = bytes
                changed[index] ^= bit
                try file.write(changed)
                await #expect(throws: SavedContextError.self, "byte \(index)") {
                    _ = try await engine.restoreContext(from: file.path)
                }
            }
        }
    }

    /// Headings that call for more memory than there is, in files of a few bytes.
    @Test func headingsThatPromiseTooMuch() async throws {
        let file = File()
        try await saved(file)
        let bytes = try file.bytes
        let engine = try RandomModel.engine(options)
        for (offset, count) in [(16, 4), (20, 4), (24, 4), (32, 8), (40, 8)] {
            for last in [UInt8(0x00), 0x0F, 0x7F, 0xFF] {
                var changed = bytes
                for index in offset..<offset + count { changed[index] = 0xFF }
                changed[offset + count - 1] = last
                try file.write(changed)
                await #expect(throws: SavedContextError.self) {
                    _ = try await engine.restoreContext(from: file.path)
                }
            }
        }
        var changed = bytes
        changed[8] = 2
        try file.write(changed)
        #expect(try await error(file) == .unsupportedVersion(2, supported: 1))
    }

    @Test func contextsThatAreNotFree() async throws {
        let file = File()
        let engine = try RandomModel.engine(options)
        let other = try RandomModel.engine(options)
        await #expect(throws: EngineError.foreignContext) {
            try await engine.save(other.makeContext(), to: file.path)
        }
        let context = try engine.makeContext()
        let stream = engine.generate(request(RandomModel.prompt(8), 3000), in: context)
        await #expect(throws: EngineError.contextBusy) { try await engine.save(context, to: file.path) }
        var events = stream.makeAsyncIterator()
        #expect(try await events.next() != nil)
        await #expect(throws: SavedContextError.cannotOpen(path: "/nowhere/context", code: ENOENT)) {
            try await engine.save(engine.makeContext(), to: "/nowhere/context")
        }
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }
}
