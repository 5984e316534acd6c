import Foundation
import QwenModel
import QwenTensor
import Synchronization
import Testing

@Suite struct CheckpointTests {
    @Test func everyNumberArrives() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        try folder.write(TinyModel.file(), to: "model.safetensors")
        let checkpoint = try Checkpoint(path: folder.path)
        #expect(checkpoint.files[0].metadata == ["format": "pt"])
        #expect(checkpoint.generationConfiguration == nil)
        let reader = checkpoint.reader()
        var next: Float = 0
        for (name, shape) in TinyModel.shapes {
            let tensor = try reader.tensor(name, shape: shape)
            #expect(tensor.shape == shape)
            #expect(tensor.elementType == .float32)
            let floats = tensor.floats()
            #expect(floats == floats.indices.map { next + Float($0) })
            next += Float(floats.count)
        }
        #expect(checkpoint.weightByteCount == Int(next) * 4)
        #expect(checkpoint.configuration.parameterCount == Int(next))
    }

    @Test func severalTensorsShareMemoryWithoutGaps() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        try folder.write(TinyModel.file(), to: "model.safetensors")
        let configuration = try Checkpoint(path: folder.path).configuration
        let names = ["self_attn.v_proj", "self_attn.q_proj", "self_attn.k_proj"]
        let weights = names.compactMap { name in
            configuration.weights(ofLayer: 0).first { $0.name == "model.layers.0.\(name).weight" }
        }
        for workers in [1, 2] {
            var options = ReadingOptions()
            options.pool = workers == 1 ? nil : try WorkerPool(workerCount: workers)
            let reader = try Checkpoint(path: folder.path).reader(options)
            let tensors = try reader.tensors(weights)
            #expect(tensors.map(\.byteOffset) == [0, 32, 96])
            #expect(tensors.allSatisfy { $0.storage === tensors[0].storage })
            let whole = try Tensor(elementType: .float32, shape: [8, 4], storage: tensors[0].storage)
            #expect(whole.floats() == tensors.flatMap { $0.floats() })
            #expect(try tensors[1].floats() == reader.tensor(weights[1].name, shape: weights[1].shape).floats())
        }
    }

    @Test func chunksProgressAndCancellation() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let shapes = TinyModel.shapes.map { $0.name == "model.embed_tokens.weight" ? ($0.name, [8000, 4]) : $0 }
        try folder.write(
            TinyModel.configuration.replacing("\"vocab_size\": 8", with: "\"vocab_size\": 8000"),
            to: "config.json"
        )
        try folder.write(TinyModel.file(shapes), to: "model.safetensors")
        let checkpoint = try Checkpoint(path: folder.path)
        let pool = try WorkerPool(workerCount: 2)
        for pool in [nil, pool] {
            let steps = Mutex<[Int]>([])
            var options = ReadingOptions()
            options.chunkByteCount = 1
            options.pool = pool
            options.progress = { progress in steps.withLock { $0.append(progress.bytesRead) } }
            let tensor = try checkpoint.reader(options).tensor("model.embed_tokens.weight", shape: [8000, 4])
            #expect(tensor.floats() == (0..<32000).map(Float.init))
            let seen = steps.withLock { $0.sorted() }
            #expect(seen.count == 32)
            #expect(seen.last == 128_000)
            // With two workers the short last chunk need not be the last to be counted.
            let differences = zip(seen, [0] + seen).map { $0 - $1 }
            #expect(differences.sorted() == [128_000 - 31 * 4096] + [Int](repeating: 4096, count: 31))

            options.isCancelled = { steps.withLock { $0.count >= 35 } }
            #expect(throws: CheckpointError.cancelled) {
                try checkpoint.reader(options).tensor("model.embed_tokens.weight", shape: [8000, 4])
            }
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNone(value: Float) throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        var file = TinyModel.file()
        // The last number but one belongs to the last tensor, of 24 elements.
        withUnsafeBytes(of: value.bitPattern.littleEndian) {
            file.replaceSubrange(file.count - 8..<file.count - 4, with: $0)
        }
        try folder.write(file, to: "model.safetensors")
        let checkpoint = try Checkpoint(path: folder.path)
        let name = "model.layers.0.mlp.down_proj.weight"
        #expect(throws: CheckpointError.notFinite(name: name, index: 22)) {
            try checkpoint.reader().tensor(name, shape: [4, 6])
        }
        var options = ReadingOptions()
        options.checksFinite = false
        #expect(try checkpoint.reader(options).tensor(name, shape: [4, 6]).isFinite == false)
    }

    @Test func aFileThatShrinksIsAnError() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        let file = TinyModel.file()
        try folder.write(file, to: "model.safetensors")
        let checkpoint = try Checkpoint(path: folder.path)
        let handle = try FileHandle(forWritingTo: folder.url.appending(path: "model.safetensors"))
        try handle.truncate(atOffset: UInt64(file.count - 10))
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.reader().tensor("model.layers.0.mlp.down_proj.weight", shape: [4, 6])
        }
        guard case .fileShrank(_, let offset) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(offset == file.count - 10)
        // What lies before the cut can still be read.
        #expect(throws: Never.self) { try checkpoint.reader().tensor("model.norm.weight", shape: [4]) }
    }

    @Test func weightsThatDoNotFitAreNamed() throws {
        func mismatch(_ shapes: [(name: String, shape: [Int])], _ configuration: String) throws -> WeightMismatch? {
            let folder = try CheckpointFolderBuilder()
            defer { folder.remove() }
            try folder.write(configuration, to: "config.json")
            try folder.write(TinyModel.file(shapes), to: "model.safetensors")
            do {
                _ = try Checkpoint(path: folder.path)
                return nil
            } catch CheckpointError.weightsDoNotFit(let mismatch) {
                return mismatch
            }
        }
        let shapes = TinyModel.shapes
        #expect(try mismatch(shapes, TinyModel.configuration) == nil)
        #expect(
            try mismatch(shapes.dropLast(), TinyModel.configuration)?.missing == ["model.layers.0.mlp.down_proj.weight"]
        )
        #expect(try mismatch(shapes + [("extra", [1])], TinyModel.configuration)?.unexpected == ["extra"])
        // The copy of a shared embedding table and old tables are no harm.
        let harmless = [("lm_head.weight", [8, 4]), ("model.layers.0.self_attn.rotary_emb.inv_freq", [1])]
        #expect(try mismatch(shapes + harmless, TinyModel.configuration) == nil)
        // hidden_size does not match the weights.
        let wide = TinyModel.configuration.replacing("\"hidden_size\": 4", with: "\"hidden_size\": 6")
        let misshapen = try #require(try mismatch(shapes, wide)).misshapen
        #expect(misshapen.contains { $0.name == "model.norm.weight" && $0.expected == [6] && $0.found == [4] })
        #expect(misshapen.count == 11)
        // More layers than there are weights for.
        let deep = TinyModel.configuration.replacing("\"num_hidden_layers\": 1", with: "\"num_hidden_layers\": 4096")
        #expect(try mismatch(shapes, deep)?.missing.count == WeightMismatch.limit)
    }

    @Test func experts() throws {
        // A configuration that calls for millions of experts must not cost time.
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        let moe = TinyModel.configuration.replacing("qwen3", with: "qwen3_moe")
            .replacing("\"num_hidden_layers\": 1", with: "\"num_hidden_layers\": 4096").dropLast(1)
        try folder.write(
            moe + ", \"num_experts\": 16384, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 1}",
            to: "config.json"
        )
        try folder.write(TinyModel.file(), to: "model.safetensors")
        let time = ContinuousClock().measure {
            #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        }
        #expect(time < .seconds(5))
    }

    @Test func wrongRequests() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        try folder.write(TinyModel.file(), to: "model.safetensors")
        let reader = try Checkpoint(path: folder.path).reader()
        #expect(throws: CheckpointError.tensorNotFound(name: "nothing")) { try reader.tensor("nothing", shape: [1]) }
        #expect(throws: CheckpointError.unexpectedShape(name: "model.norm.weight", expected: [2, 2], found: [4])) {
            try reader.tensor("model.norm.weight", shape: [2, 2])
        }
    }

    @Test func typesThatCannotBeComputedWith() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        try folder.write(TinyModel.file(dtype: "F64"), to: "model.safetensors")
        #expect(throws: CheckpointError.unsupportedElementType(name: "model.embed_tokens.weight", dtype: "F64")) {
            try Checkpoint(path: folder.path)
        }
    }

    @Test(
        .enabled(if: Oracle.isPresent),
        arguments: [
            "qwen2-bias-bf16", "qwen3-f32-yarn", "qwen3-moe-bf16", "qwen3-moe-mixed-f32", "qwen3-tied-bf16",
            "qwen3-untied-f16-sharded",
        ]
    )
    func referenceCheckpoints(name: String) throws {
        let checkpoint = try Checkpoint(path: Oracle.path("zoo/" + name))
        let reader = checkpoint.reader()
        var elements = 0
        checkpoint.configuration.forEachWeight { weight in
            elements += (try? reader.tensor(weight.name, shape: weight.shape))?.elementCount ?? .min
            return true
        }
        #expect(elements == checkpoint.configuration.parameterCount)
        #expect(checkpoint.files.count == (name.contains("sharded") ? 3 : 1))
    }
}
