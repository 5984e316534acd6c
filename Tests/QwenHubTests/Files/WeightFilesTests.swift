import QwenHub
import Testing

@Suite struct WeightFilesTests {
    private let published = [
        "README.md", "Qwen3-0.6B-Q8_0.gguf", "Qwen3-0.6B-Q4_K_M.gguf", "Qwen3-0.6B-IQ4_NL.gguf", "mmproj-F16.gguf",
        "BF16/Qwen3-0.6B-BF16-00001-of-00002.gguf", "BF16/Qwen3-0.6B-BF16-00002-of-00002.gguf",
    ]

    @Test func takesTheQuantisationThatIsAskedFor() throws {
        func files(_ wanted: String?) throws -> [String] { try WeightFiles.gguf(wanted, among: published, model: "m") }
        #expect(try files("Q8_0") == ["Qwen3-0.6B-Q8_0.gguf"])
        #expect(try files("q8_0") == ["Qwen3-0.6B-Q8_0.gguf"])
        #expect(try files("Qwen3-0.6B-IQ4_NL.gguf") == ["Qwen3-0.6B-IQ4_NL.gguf"])
        #expect(try files("BF16") == [published[5], published[6]])
        #expect(try files("BF16/Qwen3-0.6B-BF16-00001-of-00002.gguf") == [published[5], published[6]])
        #expect(try files(nil) == ["Qwen3-0.6B-Q4_K_M.gguf"])
    }

    @Test func saysWhatThereIs() {
        let available = ["Qwen3-0.6B-BF16", "Qwen3-0.6B-IQ4_NL", "Qwen3-0.6B-Q4_K_M", "Qwen3-0.6B-Q8_0"]
        // 8_0 is no quantisation, K_M is the end of one but not all of it.
        for wanted in ["8_0", "Q5_0", "Q8", "mmproj-F16"] {
            #expect(throws: HubError.noSuchFile(model: "m", wanted: wanted, available: available)) {
                try WeightFiles.gguf(wanted, among: published, model: "m")
            }
        }
    }

    @Test func aSplitFileIsAllOfItsParts() throws {
        let files = try WeightFiles.gguf("Q8_0", among: ["x-Q8_0-00002-of-00003.gguf"], model: "m")
        #expect(files == (1...3).map { "x-Q8_0-0000\($0)-of-00003.gguf" })
    }

    @Test func anIndexNamesItsShards() throws {
        let index = #"{"weight_map": {"b": "two.safetensors", "a": "one.safetensors", "c": "two.safetensors"}}"#
        #expect(
            try WeightFiles.shards(parsing: Array(index.utf8), path: "i") == ["one.safetensors", "two.safetensors"]
        )
    }

    @Test(arguments: [
        #"{"weight_map": {"a": "../x"}}"#, #"{"weight_map": {"a": "/etc/passwd"}}"#, #"{"weight_map": {"a": ""}}"#,
        "{}", "[",
    ])
    func anIndexThatLeadsElsewhereIsRefused(index: String) {
        #expect(throws: HubError.self) { try WeightFiles.shards(parsing: Array(index.utf8), path: "i") }
    }
}
