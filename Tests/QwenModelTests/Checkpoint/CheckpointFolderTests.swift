import Foundation
import QwenModel
import Testing

/// Which files a checkpoint may name, and where links may lead.
@Suite struct CheckpointFolderTests {
    private func index(_ file: String) -> String {
        let map = TinyModel.shapes.map { "\"\($0.name)\":\"\(file)\"" }.joined(separator: ",")
        return "{\"metadata\":{\"total_size\":1},\"weight_map\":{\(map)}}"
    }

    private func error(_ prepare: (CheckpointFolderBuilder) throws -> Void) throws -> CheckpointError? {
        let folder = try CheckpointFolderBuilder()
        defer { folder.remove() }
        try folder.write(TinyModel.configuration, to: "config.json")
        try prepare(folder)
        do throws(CheckpointError) {
            _ = try Checkpoint(path: folder.path)
            return nil
        } catch {
            return error
        }
    }

    private func link(_ folder: CheckpointFolderBuilder, _ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
    }

    @Test func shards() throws {
        #expect(
            try error { folder in
                try folder.write(index("model-00001-of-00001.safetensors"), to: "model.safetensors.index.json")
                try folder.write(TinyModel.file(), to: "model-00001-of-00001.safetensors")
            } == nil
        )
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/b.safetensors", "..", ".", "", "a\\\\b", "x\\u0000y"])
    func namesThatAreNoFileNames(name: String) throws {
        let error = try error { try $0.write(index(name), to: "model.safetensors.index.json") }
        guard case .unsafeFileName = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func linksOutOfTheFolder() throws {
        let outside = try CheckpointFolderBuilder()
        defer { outside.remove() }
        try outside.write(TinyModel.file(), to: "model.safetensors")
        try outside.write(TinyModel.configuration, to: "config.json")
        let attempts: [(CheckpointFolderBuilder) throws -> Void] = [
            { try link($0, "model.safetensors", to: outside.path + "/model.safetensors") },
            {
                try link($0, "shard.safetensors", to: outside.path + "/model.safetensors")
                try $0.write(index("shard.safetensors"), to: "model.safetensors.index.json")
            },
            {
                // By way of a second link, which stays inside.
                try link($0, "inner", to: outside.path + "/model.safetensors")
                try link($0, "model.safetensors", to: "inner")
            },
            {
                try $0.write(TinyModel.file(), to: "model.safetensors")
                try FileManager.default.removeItem(atPath: $0.path + "/config.json")
                try link($0, "config.json", to: outside.path + "/config.json")
            },
        ]
        for attempt in attempts {
            let error = try error(attempt)
            guard case .linkLeavesFolder = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        // A folder whose name begins with this one's is another folder.
        let sibling = try CheckpointFolderBuilder()
        defer { sibling.remove() }
        let longer = sibling.path + "-longer"
        try FileManager.default.copyItem(atPath: outside.path, toPath: longer)
        defer { try? FileManager.default.removeItem(atPath: longer) }
        try sibling.write(TinyModel.configuration, to: "config.json")
        try link(sibling, "model.safetensors", to: longer + "/model.safetensors")
        #expect(throws: CheckpointError.self) { try Checkpoint(path: sibling.path) }
        // Within the folder links are fine.
        #expect(
            try error { folder in
                try folder.write(TinyModel.file(), to: "weights")
                try link(folder, "model.safetensors", to: "weights")
            } == nil
        )
    }

    @Test func theCacheOfHuggingFace() throws {
        let root = try CheckpointFolderBuilder()
        defer { root.remove() }
        let repository = root.url.appending(path: "models--Qwen--Tiny")
        let snapshot = repository.appending(path: "snapshots/0123abcd")
        for folder in [snapshot, repository.appending(path: "blobs"), repository.appending(path: "refs")] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Data(TinyModel.file()).write(to: repository.appending(path: "blobs/f00d"))
        try Data(TinyModel.configuration.utf8).write(to: repository.appending(path: "blobs/beef"))
        try Data(TinyModel.file()).write(to: repository.appending(path: "refs/main"))
        func point(_ name: String, _ target: String) throws {
            let path = snapshot.appending(path: name).path
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        }
        try point("config.json", "../../blobs/beef")
        try point("model.safetensors", "../../blobs/f00d")
        #expect(throws: Never.self) { try Checkpoint(path: snapshot.path) }
        // From there to anywhere else is as forbidden as ever.
        try point("model.safetensors", "../../refs/main")
        #expect(throws: CheckpointError.self) { try Checkpoint(path: snapshot.path) }
        // And a folder beside `blobs` that is not below `snapshots` has no such right.
        let other = repository.appending(path: "other/0123abcd")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        for (name, blob) in [("config.json", "beef"), ("model.safetensors", "f00d")] {
            try FileManager.default.createSymbolicLink(
                atPath: other.appending(path: name).path,
                withDestinationPath: "../../blobs/" + blob
            )
        }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: other.path) }
    }

    @Test func whatIsNoFile() throws {
        for prepare: (CheckpointFolderBuilder) throws -> Void in [
            {
                try FileManager.default.createDirectory(
                    atPath: $0.path + "/model.safetensors",
                    withIntermediateDirectories: true
                )
            },
            { #expect(mkfifo($0.path + "/model.safetensors", 0o600) == 0) },
        ] {
            let error = try error(prepare)
            guard case .notAFile = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let file = try CheckpointFolderBuilder()
        defer { file.remove() }
        try file.write("", to: "x")
        #expect(throws: CheckpointError.notAFolder(path: file.path + "/x")) { try Checkpoint(path: file.path + "/x") }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: file.path + "/nothing") }
        #expect(throws: CheckpointError.self) { try Checkpoint(path: "") }
    }

    @Test func incompleteFolders() throws {
        let withoutWeights = try error { _ in }
        guard case .noWeights = withoutWeights else {
            Issue.record("\(String(describing: withoutWeights))")
            return
        }
        let withoutShard = try error { try $0.write(index("gone.safetensors"), to: "model.safetensors.index.json") }
        guard case .cannotOpen = withoutShard else {
            Issue.record("\(String(describing: withoutShard))")
            return
        }
        let spoilt = try error { folder in
            try folder.write(TinyModel.file(), to: "model.safetensors")
            try folder.write("{\"top_p\": 7}", to: "generation_config.json")
        }
        guard case .configuration(let path, _) = spoilt else {
            Issue.record("\(String(describing: spoilt))")
            return
        }
        #expect(path.hasSuffix("/generation_config.json"))
    }

    @Test func spoiltIndexes() throws {
        func reason(_ text: String, _ shapes: [(name: String, shape: [Int])] = TinyModel.shapes) throws
            -> ShardIndexError?
        {
            let error = try error { folder in
                try folder.write(text, to: "model.safetensors.index.json")
                try folder.write(TinyModel.file(shapes), to: "a.safetensors")
            }
            guard case .index(_, let reason) = error else { return nil }
            return reason
        }
        #expect(try reason("[]") == .invalidWeightMap(key: ""))
        #expect(try reason("{}") == .invalidWeightMap(key: ""))
        #expect(try reason(#"{"weight_map":{"x":1}}"#) == .invalidWeightMap(key: "x"))
        for text in ["{", #"{"weight_map":{"x":"a","\u0078":"b"}}"#, #"{"weight_map":{},"weight_map":{}}"#] {
            guard case .malformed = try reason(text) else {
                Issue.record("\(text)")
                return
            }
        }
        let last = try #require(TinyModel.shapes.last)
        #expect(
            try reason(index("a.safetensors"), TinyModel.shapes.dropLast())
                == .tensorNotInFile(tensor: last.name, file: "a.safetensors")
        )
        #expect(
            try reason(index("a.safetensors"), TinyModel.shapes + [("extra", [1])])
                == .tensorNotInIndex(tensor: "extra", file: "a.safetensors")
        )
        let many = (0..<1025).map { "\"t\($0)\":\"f\($0)\"" }.joined(separator: ",")
        #expect(try reason("{\"weight_map\":{\(many)}}") == .tooManyFiles(limit: 1024))
    }
}
