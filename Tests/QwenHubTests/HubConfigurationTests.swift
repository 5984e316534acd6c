import Foundation
import QwenHub
import Testing

@Suite struct HubConfigurationTests {
    @Test func theEnvironmentSaysAll() throws {
        let folder = try TemporaryFolder()
        try folder.write("hf_stored\n", to: "token")
        let home = folder.url.path
        let stored = HubConfiguration(environment: ["HF_HOME": home])
        #expect(stored.token == "hf_stored")
        #expect(stored.endpoint == "https://huggingface.co")
        #expect(!stored.isOffline)
        let set = HubConfiguration(environment: [
            "HF_HOME": home, "HF_TOKEN": " hf_set ", "HF_ENDPOINT": "https://mirror.example//", "HF_HUB_OFFLINE": "yes",
        ])
        #expect(set.token == "hf_set")
        #expect(set.endpoint == "https://mirror.example")
        #expect(set.isOffline)
        #expect(HubConfiguration(environment: ["HF_HOME": home, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).token == nil)
        // Would end the line and begin another field.
        #expect(HubConfiguration(environment: ["HOME": "/nowhere", "HF_TOKEN": "a\r\nHost: b"]).token == nil)
        #expect(HubConfiguration(environment: ["HOME": "/nowhere"]).token == nil)
    }

    @Test func withoutATransportWhatIsThereIsFound() async throws {
        var configuration = HubConfiguration(environment: ["HOME": "/nowhere"])
        configuration.cache = HubCache(directory: Fixtures.pythonCache)
        var client = HubClient(configuration: configuration)
        client.transport = nil
        let folder = try await client.fetch(ModelReference("Qwen/Tiny-Test"))
        #expect(folder.lastPathComponent == Fixtures.commit)
        await #expect(throws: HubError.networkNotBuilt) { try await client.fetch(ModelReference("Qwen/Other")) }
    }
}
