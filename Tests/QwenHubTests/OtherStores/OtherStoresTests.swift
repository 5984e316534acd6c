import Foundation
import QwenHub
import Testing

@Suite struct OtherStoresTests {
    private static let weights = "GGUF and so on"
    private static let digest: String = {
        var hasher = ContentHasher(.sha256, byteCount: 0)
        Array(weights.utf8).withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }()

    private func ollama(_ folder: TemporaryFolder, size: Int = weights.utf8.count) throws -> OllamaStore {
        // As Ollama 0.9 writes it.
        let manifest = """
            {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":\
            "application/vnd.docker.container.image.v1+json","digest":"sha256:00","size":2},"layers":[{"mediaType":\
            "application/vnd.ollama.image.template","digest":"sha256:11","size":3},{"mediaType":\
            "application/vnd.ollama.image.model","digest":"sha256:\(Self.digest)","size":\(size)}]}
            """
        try folder.write(manifest, to: "manifests/registry.ollama.ai/library/qwen3/0.6b")
        try folder.write(Self.weights, to: "blobs/sha256-\(Self.digest)")
        return OllamaStore(directory: folder.url)
    }

    @Test func ollamasModelsAreFoundAndChecked() async throws {
        let folder = try TemporaryFolder()
        let store = try ollama(folder)
        let model = try store.model(OllamaName("qwen3:0.6b"))
        #expect(model.file.lastPathComponent == "sha256-\(Self.digest)")
        #expect(try store.models() == [model])
        try await store.verify(model)
        // The same length, other bytes.
        try folder.write(String(Self.weights.reversed()), to: "blobs/sha256-\(Self.digest)")
        await #expect(throws: HubError.self) { try await store.verify(model) }
        #expect(throws: HubError.self) { try store.model(OllamaName("qwen3")) }
    }

    @Test func ollamasModelsThatAreIncompleteAreErrors() throws {
        let folder = try TemporaryFolder()
        let store = try ollama(folder, size: 99)
        let name = try OllamaName("qwen3:0.6b")
        let file = folder.url.appending(path: "blobs/sha256-\(Self.digest)")
        #expect(throws: HubError.wrongSize(file: file.path, expected: 99, found: 14)) { try store.model(name) }
        try FileManager.default.removeItem(at: file)
        #expect(throws: HubError.incomplete(folder: folder.url.path + "/blobs", missing: [file.lastPathComponent])) {
            try store.model(name)
        }
        for manifest in [
            "", "[]", #"{"layers":[]}"#, #"{"layers":[{"mediaType":"application/vnd.ollama.image.model"}]}"#,
        ] {
            try folder.write(manifest, to: "manifests/registry.ollama.ai/library/qwen3/0.6b")
            #expect(throws: HubError.self) { try store.model(name) }
        }
        #expect(try store.models() == [])
    }

    @Test func lmStudiosModelsAreFound() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("x", to: "Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf")
        try folder.write("x", to: "Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q8_0-00001-of-00002.gguf")
        let store = LMStudioStore(directory: folder.url)
        let repository = try HubRepository("Qwen/Qwen3-0.6B-GGUF")
        let large = try HubRepository("Qwen/Qwen3-8B-GGUF")
        #expect(try store.model(repository).path == file.path)
        #expect(try store.model(repository, file: "q8_0").path == file.path)
        #expect(try store.repositories() == [repository, large])
        let missing = HubError.incomplete(
            folder: folder.url.path + "/Qwen/Qwen3-8B-GGUF",
            missing: ["Qwen3-8B-Q8_0-00002-of-00002.gguf"]
        )
        #expect(throws: missing) { try store.model(large) }
        #expect(throws: HubError.self) { try store.model(repository, file: "Q4_0") }
        #expect(throws: HubError.self) { try store.model(HubRepository("Qwen/Other")) }
    }
}
