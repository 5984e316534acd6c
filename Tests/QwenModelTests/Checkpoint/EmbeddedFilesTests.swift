import QwenModel
import QwenTensor
import Testing

/// Files in memory go through all that a folder's go through.
@Suite struct EmbeddedFilesTests {
    /// Opens files whose bytes live as long as `body` runs.
    private func withCheckpoint(
        _ files: [String: [UInt8]],
        _ body: (Result<Checkpoint, CheckpointError>) throws -> Void
    ) rethrows {
        let copies = files.mapValues { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            return copy
        }
        defer { for copy in copies.values { copy.deallocate() } }
        let embedded = EmbeddedFiles(name: "memory", copies.mapValues { UnsafeRawBufferPointer($0) })
        try body(Result { () throws(CheckpointError) in try Checkpoint(embedded) })
    }

    @Test func everyNumberArrives() throws {
        let files = ["config.json": Array(TinyModel.configuration.utf8), "model.safetensors": TinyModel.file()]
        try withCheckpoint(files) { result in
            let checkpoint = try result.get()
            #expect(checkpoint.path == "memory")
            #expect(checkpoint.files[0].path == "memory/model.safetensors")
            #expect(checkpoint.files[0].metadata == ["format": "pt"])
            #expect(checkpoint.generationConfiguration == nil)
            for workers in [1, 2] {
                var options = ReadingOptions()
                options.chunkByteCount = 1
                options.pool = workers == 1 ? nil : try WorkerPool(workerCount: workers)
                let reader = checkpoint.reader(options)
                var next: Float = 0
                for (name, shape) in TinyModel.shapes {
                    let floats = try reader.tensor(name, shape: shape).floats()
                    #expect(floats == floats.indices.map { next + Float($0) })
                    next += Float(floats.count)
                }
            }
        }
    }

    @Test func whatIsMissingOrWrongIsTheSameError() throws {
        let configuration = Array(TinyModel.configuration.utf8)
        withCheckpoint([:]) { result in
            #expect(result.error == .cannotOpen(path: "memory/config.json", code: 2))
        }
        withCheckpoint(["config.json": configuration]) { result in
            #expect(result.error == .noWeights(folder: "memory"))
        }
        withCheckpoint(["config.json": configuration, "model.safetensors": [1, 2, 3]]) { result in
            #expect(
                result.error == .safetensors(path: "memory/model.safetensors", .noHeader(fileByteCount: 3))
            )
        }
        let whole = TinyModel.file()
        for count in [8, 20, whole.count - 1] {
            withCheckpoint(["config.json": configuration, "model.safetensors": Array(whole[..<count])]) { result in
                guard case .safetensors("memory/model.safetensors", _) = result.error else {
                    Issue.record("\(count) bytes: \(result)")
                    return
                }
            }
        }
        let lacking = TinyModel.file(Array(TinyModel.shapes.dropLast()))
        withCheckpoint(["config.json": configuration, "model.safetensors": lacking]) { result in
            guard case .weightsDoNotFit(let mismatch) = result.error else {
                Issue.record("\(result)")
                return
            }
            #expect(mismatch.missing == ["model.layers.0.mlp.down_proj.weight"])
        }
    }
}

extension Result {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
