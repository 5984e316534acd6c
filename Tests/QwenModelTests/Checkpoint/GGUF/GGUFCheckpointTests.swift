import Foundation
import QwenModel
import QwenTensor
import Testing

/// Models in GGUF files: what the metadata says, split files, and which of a folder's files is meant.
@Suite struct GGUFCheckpointTests {
    /// A model of one layer whose weights are all 0.5; `change` makes it another.
    private func model(
        _ architecture: String = "llama",
        change: (inout GGUFBuilder) -> Void = { _ in },
        without: String? = nil
    ) -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", architecture)
        let numbers: [(String, UInt32)] = [
            ("embedding_length", 32), ("block_count", 1), ("context_length", 64), ("feed_forward_length", 64),
            ("attention.head_count", 4), ("attention.head_count_kv", 2),
        ]
        for (key, value) in numbers where key != without { builder.add("\(architecture).\(key)", value) }
        builder.add("\(architecture).attention.layer_norm_rms_epsilon", 1e-5 as Float)
        builder.add("\(architecture).rope.freq_base", 100_000 as Float)
        change(&builder)
        for (name, dimensions) in Self.tensors where name != without { Self.add(name, dimensions, to: &builder) }
        return builder
    }

    private static let tensors: [(String, [UInt64])] = [
        ("token_embd.weight", [32, 48]), ("output_norm.weight", [32]), ("blk.0.attn_norm.weight", [32]),
        ("blk.0.attn_q.weight", [32, 32]), ("blk.0.attn_k.weight", [32, 16]), ("blk.0.attn_v.weight", [32, 16]),
        ("blk.0.attn_output.weight", [32, 32]), ("blk.0.ffn_norm.weight", [32]), ("blk.0.ffn_gate.weight", [32, 64]),
        ("blk.0.ffn_up.weight", [32, 64]), ("blk.0.ffn_down.weight", [64, 32]),
    ]

    /// Adds a tensor of floats that count the rows.
    private static func add(_ name: String, _ dimensions: [UInt64], to builder: inout GGUFBuilder) {
        let rows = dimensions.dropFirst().reduce(1, *)
        let row = { (index: UInt64) in (0..<dimensions[0]).flatMap { _ in GGUFBuilder.bytes(Float(index).bitPattern) } }
        builder.add(tensor: name, dimensions, bytes: (0..<rows).flatMap(row))
    }

    private func open(_ builder: GGUFBuilder) throws -> Checkpoint {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(builder.file, to: "model.gguf")
        return try Checkpoint(path: folder.path + "/model.gguf")
    }

    private func refusal(_ builder: GGUFBuilder) throws -> CheckpointError? {
        do {
            _ = try open(builder)
            return nil
        } catch {
            return error as? CheckpointError
        }
    }

    @Test func configuration() throws {
        let checkpoint = try open(
            model { builder in
                builder.add("tokenizer.ggml.eos_token_id", 7 as UInt32)
                builder.add("tokenizer.ggml.eot_token_id", 9 as UInt32)
                builder.add("tokenizer.ggml.bos_token_id", UInt32.max)
            }
        )
        let shape = checkpoint.configuration
        #expect(shape.architecture == .qwen2)
        #expect(!shape.hasQueryKeyValueBias)
        #expect(shape.vocabularySize == 48)
        #expect(shape.hiddenSize == 32)
        #expect(shape.intermediateSize == 64)
        #expect(shape.headDimension == 8)
        #expect(shape.keyValueHeads == 2)
        #expect(shape.contextLength == 64)
        #expect(shape.ropeTheta == 100_000)
        #expect(Float(shape.rmsNormEpsilon) == 1e-5)
        #expect(shape.tieWordEmbeddings)
        #expect(shape.eosTokenIDs == [7, 9])
        #expect(shape.bosTokenID == nil)
        #expect(checkpoint.gguf?.architectureName == "llama")
        #expect(checkpoint.tensorCounts == ["F32": 11])
        #expect(checkpoint.path.hasSuffix("/model.gguf"))
        #expect(checkpoint.weightByteCount == checkpoint.gguf?.tensors.reduce(0) { $0 + $1.byteCount })
    }

    /// Rows of a head: pairs that follow one another in the file are a half apart here.
    @Test(arguments: [ReadingOptions.Access.read, .mapped])
    func rotaryOrder(_ access: ReadingOptions.Access) throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(model().file, to: "model.gguf")
        var options = ReadingOptions()
        options.access = access
        options.chunkByteCount = 4096
        let reader = try Checkpoint(path: folder.path + "/model.gguf").reader(options)
        let query = try reader.tensor("model.layers.0.self_attn.q_proj.weight", shape: [32, 32]).floats()
        let rows = stride(from: 0, to: query.count, by: 32).map { query[$0] }
        #expect(Array(rows.prefix(8)) == [0, 2, 4, 6, 1, 3, 5, 7])
        #expect(Array(rows[8..<16]) == [8, 10, 12, 14, 9, 11, 13, 15])
        let value = try reader.tensor("model.layers.0.self_attn.v_proj.weight", shape: [16, 32]).floats()
        #expect(stride(from: 0, to: value.count, by: 32).map { value[$0] } == (0..<16).map(Float.init))
        #expect(throws: CheckpointError.tensorNotFound(name: "model.layers.1.mlp.up_proj.weight")) {
            try reader.tensor("model.layers.1.mlp.up_proj.weight", shape: [64, 32])
        }
        _ = try ModelWeights(reader.checkpoint.configuration, from: reader)
    }

    @Test func weightsThatDoNotFit() throws {
        guard case .weightsDoNotFit(let missing)? = try refusal(model(without: "blk.0.attn_v.weight")) else {
            Issue.record("a weight is missing")
            return
        }
        #expect(missing.missing == ["blk.0.attn_v.weight"])
        let surplus = model { Self.add("rope_freqs.weight", [4], to: &$0) }
        guard case .weightsDoNotFit(let unexpected)? = try refusal(surplus) else {
            Issue.record("there is a weight that changes the result")
            return
        }
        #expect(unexpected.unexpected == ["rope_freqs.weight"])
        var integers = model(without: "output_norm.weight")
        integers.add(tensor: "output_norm.weight", [32], type: 26, bytes: [UInt8](repeating: 0, count: 128))
        #expect(
            try refusal(integers) == .unsupportedElementType(name: "output_norm.weight", dtype: "I32")
        )
        // Wrong dimensions, more experts than any machine could hold, no embeddings.
        var wide = model(without: "output_norm.weight")
        Self.add("output_norm.weight", [64], to: &wide)
        guard case .weightsDoNotFit(let misshapen)? = try refusal(wide) else {
            Issue.record("a weight has another shape")
            return
        }
        #expect(misshapen.misshapen.map(\.found) == [[64]])
        #expect(try refusal(model(without: "token_embd.weight")) == .tensorNotFound(name: "token_embd.weight"))
    }

    @Test func metadataThatCannotBe() throws {
        for architecture in ["gemma", "qwen2vl", "qwen3next", ""] {
            guard case .gguf(_, .unsupportedArchitecture(architecture))? = try refusal(model(architecture)) else {
                Issue.record("\(architecture)")
                continue
            }
        }
        let missing = try refusal(model(without: "embedding_length"))
        guard case .configuration(_, .missing("llama.embedding_length"))? = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
        let cases: [(String, (inout GGUFBuilder) -> Void)] = [
            ("llama.rope.scaling.type", { $0.add("llama.rope.scaling.type", "longrope") }),
            ("llama.rope.scaling.type", { $0.add("llama.rope.scaling.factor", 2 as Float) }),
            ("llama.rope.dimension_count", { $0.add("llama.rope.dimension_count", 4 as UInt32) }),
            ("llama.attention.value_length", { $0.add("llama.attention.value_length", 16 as UInt32) }),
            ("llama.attention.sliding_window", { $0.add("llama.attention.sliding_window", 512 as UInt32) }),
            ("llama.attention.key_length", { $0.add("llama.attention.key_length", "8") }),
            ("llama.attention.key_length", { $0.add("llama.attention.key_length", Float.nan) }),
            ("llama.attention.key_length", { $0.add("llama.attention.key_length", [8, 4] as [Int32]) }),
        ]
        for (key, change) in cases {
            let error = try refusal(model(change: change))
            guard case .gguf(_, .invalidValue(key, _))? = error else {
                Issue.record("\(key): \(String(describing: error))")
                continue
            }
        }
        let outside = try refusal(model { $0.add("tokenizer.ggml.eos_token_id", 48 as UInt32) })
        guard case .configuration(_, .invalid("tokenizer.ggml.eos_token_id", _, _))? = outside else {
            Issue.record("\(String(describing: outside))")
            return
        }
    }

    @Test func whichFileIsMeant() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        try folder.write(model().file, to: "model.gguf")
        #expect(try Checkpoint(path: folder.path).gguf != nil)
        try folder.write(model().file, to: "other.bin")
        #expect(try Checkpoint(path: folder.path + "/other.bin").gguf != nil)
        try folder.write(model().file, to: "other.gguf")
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        guard case .gguf(_, .severalModels(["model.gguf", "other.gguf"]))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path + "/none.gguf") }
    }

    // MARK: Split files

    private func part(_ number: UInt32, of count: UInt32, tensors: ArraySlice<(String, [UInt64])>) -> GGUFBuilder {
        var builder = number == 0 ? model { $0.add("split.tensors.count", 11 as UInt32) } : GGUFBuilder()
        if number == 0 {
            // Only the metadata is that of a whole model.
            builder = GGUFBuilder()
            builder.add("general.architecture", "llama")
            for (key, value) in [
                ("embedding_length", 32), ("block_count", 1), ("context_length", 64), ("feed_forward_length", 64),
                ("attention.head_count", 4), ("attention.head_count_kv", 2),
            ] as [(String, UInt32)] { builder.add("llama.\(key)", value) }
            builder.add("split.tensors.count", 11 as UInt32)
        }
        builder.add("split.no", type: 2, GGUFBuilder.bytes(UInt16(number)))
        builder.add("split.count", type: 2, GGUFBuilder.bytes(UInt16(count)))
        for (name, dimensions) in tensors { Self.add(name, dimensions, to: &builder) }
        return builder
    }

    @Test func splitFiles() throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(part(0, of: 3, tensors: Self.tensors[..<2]).file, to: "m-00001-of-00003.gguf")
        try folder.write(part(1, of: 3, tensors: Self.tensors[2..<7]).file, to: "m-00002-of-00003.gguf")
        try folder.write(part(2, of: 3, tensors: Self.tensors[7...]).file, to: "m-00003-of-00003.gguf")
        for path in [folder.path, folder.path + "/m-00001-of-00003.gguf"] {
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.gguf?.files.count == 3)
            #expect(checkpoint.gguf?.tensors.count == 11)
            _ = try ModelWeights(checkpoint.configuration, from: checkpoint.reader())
        }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path + "/m-00002-of-00003.gguf") }

        // The wrong part under a name, a tensor twice, a part that is missing.
        try folder.write(part(2, of: 3, tensors: Self.tensors[2..<7]).file, to: "m-00002-of-00003.gguf")
        #expect(try refusal(of: folder) == "wrongPart")
        try folder.write(part(1, of: 3, tensors: Self.tensors[1..<6]).file, to: "m-00002-of-00003.gguf")
        #expect(try refusal(of: folder) == "duplicateTensor")
        try folder.write(part(1, of: 3, tensors: Self.tensors[2..<6]).file, to: "m-00002-of-00003.gguf")
        #expect(try refusal(of: folder) == "invalidValue")
        try FileManager.default.removeItem(atPath: folder.path + "/m-00002-of-00003.gguf")
        #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        // The first part under a name that leads nowhere.
        try folder.write(part(0, of: 3, tensors: Self.tensors[..<2]).file, to: "m.gguf")
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: folder.path + "/m.gguf") }
        guard case .gguf(_, .wrongPart)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func refusal(of folder: CheckpointFolderBuilder) throws -> String? {
        do throws(CheckpointError) {
            _ = try Checkpoint(path: folder.path)
            return nil
        } catch {
            guard case .gguf(_, let reason) = error else { return "\(error)" }
            switch reason {
            case .wrongPart: return "wrongPart"
            case .duplicateTensor: return "duplicateTensor"
            case .invalidValue: return "invalidValue"
            default: return "\(reason)"
            }
        }
    }

    /// A file that becomes shorter gives an error when it is read, and when it is mapped.
    @Test(arguments: [ReadingOptions.Access.read, .mapped])
    func fileThatShrinks(_ access: ReadingOptions.Access) throws {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(model().file, to: "model.gguf")
        let path = folder.path + "/model.gguf"
        let checkpoint = try Checkpoint(path: path)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.truncate(atOffset: UInt64(model().header.count) + 64)
        try handle.close()
        var options = ReadingOptions()
        options.access = access
        let error = #expect(throws: CheckpointError.self) {
            try ModelWeights(checkpoint.configuration, from: checkpoint.reader(options))
        }
        guard case .fileShrank? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func numbersThatAreNotFinite() throws {
        var builder = model(without: "output_norm.weight")
        builder.add(
            tensor: "output_norm.weight",
            [32],
            bytes: (0..<32).flatMap { GGUFBuilder.bytes(($0 == 9 ? Float.nan : 1).bitPattern) }
        )
        for access in [ReadingOptions.Access.read, .mapped] {
            let folder = try CheckpointFolderBuilder()
            defer { folder.remove() }
            try folder.write(builder.file, to: "model.gguf")
            let checkpoint = try Checkpoint(path: folder.path)
            var options = ReadingOptions()
            options.access = access
            #expect(throws: CheckpointError.notFinite(name: "output_norm.weight", index: 9)) {
                try ModelWeights(checkpoint.configuration, from: checkpoint.reader(options))
            }
        }
    }
}
