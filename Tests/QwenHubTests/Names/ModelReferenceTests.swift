import QwenHub
import Testing

@Suite struct ModelReferenceTests {
    @Test func readsWhatPeopleWrite() throws {
        let repository = try HubRepository("Qwen/Qwen3-0.6B")
        let gguf = try HubRepository("Qwen/Qwen3-0.6B-GGUF")
        #expect(try ModelReference("Qwen/Qwen3-0.6B") == .hub(repository, revision: "main", file: nil))
        #expect(
            try ModelReference("hf:Qwen/Qwen3-0.6B@refs/pr/1") == .hub(repository, revision: "refs/pr/1", file: nil)
        )
        #expect(try ModelReference("Qwen/Qwen3-0.6B-GGUF:Q8_0") == .hub(gguf, revision: "main", file: "Q8_0"))
        #expect(try ModelReference("Qwen/Qwen3-0.6B-GGUF@v1:Q8_0") == .hub(gguf, revision: "v1", file: "Q8_0"))
        #expect(try ModelReference("lmstudio:Qwen/Qwen3-0.6B-GGUF:Q8_0") == .lmStudio(gguf, file: "Q8_0"))
        #expect(try ModelReference("gpt2") == .hub(HubRepository("gpt2"), revision: "main", file: nil))
        #expect(try ModelReference("ollama:qwen3:0.6b") == .ollama(OllamaName("qwen3:0.6b")))
    }

    @Test(arguments: [
        "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B@v1", "Qwen/Qwen3-0.6B-GGUF@v1:Q8_0", "ollama:qwen3:0.6b",
        "ollama:me/model:latest", "ollama:localhost:5000/me/model:latest", "lmstudio:a/b:Q4_K_M",
    ])
    func writesThemAgain(text: String) throws {
        #expect(try ModelReference(text).description == text)
    }

    @Test func ollamaLeavesOutWhatIsUsual() throws {
        let name = try OllamaName("qwen3")
        #expect(name.host == "registry.ollama.ai")
        #expect(name.namespace == "library")
        #expect(name.model == "qwen3")
        #expect(name.tag == "latest")
        #expect(try OllamaName("hf.co/Qwen/Qwen3-0.6B-GGUF:Q8_0").host == "hf.co")
    }

    @Test(arguments: [
        "", "/", "a/b/c", "../x", "a/..", "-a/b", "a/b-", ".a/b", "a/b--c", "a//b", "a/b c", "a/b\u{e9}", "a/b@",
        "a/b@../x",
        "a/b@x/../../y", "a/b:", "a/b:../x", "a/b:/etc/passwd", "a/b@a b", "a\\b/c", "a/b\n", "ollama:",
        "ollama:../../x",
        "ollama:a:b:c", "ollama:a/b/c/d", "ollama:a/../b", "lmstudio:", "lmstudio:../..",
        "a/\(String(repeating: "x", count: 97))",
    ])
    func refusesWhatIsNoName(text: String) {
        #expect(throws: HubError.self) { try ModelReference(text) }
    }

    @Test func repositoriesAreFoldersAndBack() throws {
        for name in ["Qwen/Qwen3-0.6B", "gpt2"] {
            #expect(try HubRepository(folderName: HubRepository(name).folderName)?.id == name)
        }
        #expect(HubRepository(folderName: "datasets--a--b") == nil)
        #expect(HubRepository(folderName: "models--") == nil)
        #expect(HubRepository(folderName: "models--a--b--c") == nil)
    }
}
