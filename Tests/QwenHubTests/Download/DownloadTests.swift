#if Hub || canImport(Darwin)
    import Foundation
    import QwenHub
    import Testing

    @Suite struct DownloadTests {
        let temporary: TemporaryFolder
        let repository: HubRepository
        let model: ModelReference

        init() throws {
            temporary = try TemporaryFolder()
            repository = try HubRepository(FakeHub.repository)
            model = try ModelReference(FakeHub.repository)
        }

        private var cacheFolder: URL { temporary.url.appending(path: "hub", directoryHint: .isDirectory) }

        @Test func bringsWhatIsNeededAndNothingElse() async throws {
            let files = FakeHub.checkpoint()
            let hub = try FakeHub(files)
            let client = hub.client(cache: cacheFolder, token: "hf_secret")
            let folder = try await client.fetch(model)

            let needed = files.keys.filter { $0 != "README.md" && $0 != "pytorch_model.bin" }
            for name in needed {
                #expect(try Data(contentsOf: folder.appending(path: name)) == files[name]?.content)
            }
            #expect(try client.configuration.cache.repositories().first?.revisions.first?.files == needed.sorted())
            #expect(try client.locate(model) == folder)
            let asked = (hub.endpoint.requests + hub.contentRequests).map(\.path)
            #expect(!asked.contains { $0.contains("README") || $0.contains("pytorch_model") })
            // The token goes to the Hub and to nobody else.
            #expect(hub.endpoint.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
            #expect(hub.contentRequests.count == 4)
            #expect(hub.contentRequests.allSatisfy { $0.headers["authorization"] == nil })

            // What is whole is not listed again, and a commit that is there needs no question at all.
            let before = hub.endpoint.requests.count
            #expect(try await client.fetch(model) == folder)
            #expect(hub.endpoint.requests.count == before + 1)
            let pinned = try ModelReference("\(FakeHub.repository)@\(String(repeating: "a1", count: 20))")
            #expect(try await client.fetch(pinned) == folder)
            #expect(hub.endpoint.requests.count == before + 1)
        }

        @Test func pythonReadsIt() async throws {
            guard Python.hasHub else { return }
            let files = FakeHub.checkpoint()
            let hub = try FakeHub(files)
            let folder = try await hub.client(cache: cacheFolder).fetch(model)
            let names = Array(files.keys) + ["chat_template.jinja"]
            let report = try Python.read(cache: cacheFolder, repository: repository.id, files: names)
            #expect(report.warnings == [])
            #expect(report.repositories == [repository.id: [String(repeating: "a1", count: 20): ["main"]]])
            #expect(URL(filePath: report.snapshot).standardizedFileURL.path == folder.standardizedFileURL.path)
            #expect(report.files["chat_template.jinja"] == "no_exist")
            #expect(report.files["README.md"] == nil)
            for (name, file) in files where report.files[name] != nil {
                #expect(report.files[name] == FakeHub.File(content: file.content, isLarge: true).digest)
            }
            #expect(report.files.count == files.count - 2 + 1)
        }

        @Test func takesOneGGUFFile() async throws {
            let hub = try FakeHub([
                "Qwen3-Test-Q8_0.gguf": .init(content: FakeHub.bytes(1000, seed: 1), isLarge: true),
                "Qwen3-Test-Q4_K_M.gguf": .init(content: FakeHub.bytes(1000, seed: 2), isLarge: true),
                "BF16/Qwen3-Test-BF16-00001-of-00002.gguf": .init(content: FakeHub.bytes(1000, seed: 3), isLarge: true),
                "BF16/Qwen3-Test-BF16-00002-of-00002.gguf": .init(content: FakeHub.bytes(1000, seed: 4), isLarge: true),
            ])
            let client = hub.client(cache: cacheFolder)
            let one = try await client.fetch(ModelReference("\(FakeHub.repository):Q8_0"))
            #expect(one.lastPathComponent == "Qwen3-Test-Q8_0.gguf")
            #expect(hub.contentRequests.count == 1)
            let split = try await client.fetch(ModelReference("\(FakeHub.repository):bf16"))
            #expect(split.lastPathComponent == "Qwen3-Test-BF16-00001-of-00002.gguf")
            #expect(hub.contentRequests.count == 3)
            await #expect(throws: HubError.self) {
                try await client.fetch(ModelReference("\(FakeHub.repository):Q5_0"))
            }
        }

        @Test func aBranchThatMovesBringsOnlyWhatIsNew() async throws {
            var files = FakeHub.checkpoint()
            let hub = try FakeHub(files)
            let client = hub.client(cache: cacheFolder)
            let old = try await client.fetch(model)
            files["tokenizer.json"]?.content = FakeHub.bytes(50_000, seed: 7)
            hub.change { [files] state in
                state.files = files
                state.commit = String(repeating: "b2", count: 20)
            }
            let before = hub.contentRequests.count
            let new = try await client.fetch(model)
            #expect(new != old)
            #expect(hub.contentRequests.dropFirst(before).map(\.path) == ["/cdn/tokenizer.json"])
            #expect(try Data(contentsOf: new.appending(path: "tokenizer.json")) == files["tokenizer.json"]?.content)
            #expect(try client.locate(model) == new)
        }

        @Test func progressAddsUp() async throws {
            let files = FakeHub.checkpoint()
            let hub = try FakeHub(files)
            hub.change { $0.rate = 3_000_000 }
            let download = hub.client(cache: cacheFolder).download(model)
            var states: [HubProgress] = []
            for await progress in download { states.append(progress) }
            _ = try await download.location
            let last = try #require(states.last)
            #expect(last.bytesDone == last.bytesTotal)
            #expect(last.files.allSatisfy { $0.isComplete })
            #expect(last.files.count == files.count - 2)
            #expect(states.count > 1)
            #expect(zip(states, states.dropFirst()).allSatisfy { $0.bytesDone <= $1.bytesDone })
            #expect(states.contains { $0.bytesPerSecond != nil && $0.remaining != nil })
        }

        @Test func twoAtOnceDownloadOnce() async throws {
            let hub = try FakeHub(FakeHub.checkpoint())
            hub.change { $0.rate = 2_000_000 }
            let client = hub.client(cache: cacheFolder)
            async let one = client.fetch(model)
            async let other = client.fetch(model)
            let folders = try await [one, other]
            #expect(folders[0] == folders[1])
            #expect(hub.contentRequests.count == 4)
        }

        @Test func withoutTheNetworkWhatIsThereIsUsed() async throws {
            let hub = try FakeHub(FakeHub.checkpoint())
            var configuration = hub.configuration(cache: cacheFolder)
            configuration.isOffline = true
            let offline = HubClient(configuration: configuration)
            await #expect(throws: HubError.offline(model: repository.id)) { try await offline.fetch(model) }
            #expect(hub.endpoint.requests.isEmpty)

            let folder = try await hub.client(cache: cacheFolder).fetch(model)
            let count = hub.endpoint.requests.count
            #expect(try await offline.fetch(model) == folder)
            #expect(hub.endpoint.requests.count == count)
            // Nobody listens.
            configuration.isOffline = false
            configuration.endpoint = "http://127.0.0.1:9"
            #expect(try await HubClient(configuration: configuration).fetch(model) == folder)

            let shard = "model-00002-of-00003.safetensors"
            try FileManager.default.removeItem(at: folder.appending(path: shard))
            await #expect(throws: HubError.incomplete(folder: folder.path, missing: [shard])) {
                try await offline.fetch(model)
            }
            // The content is still there: nothing is downloaded to make the file visible again.
            let contents = hub.contentRequests.count
            #expect(try await hub.client(cache: cacheFolder).fetch(model) == folder)
            #expect(hub.contentRequests.count == contents)
        }

        @Test func noConnectionIsATypedError() async throws {
            let hub = try FakeHub([:])
            var configuration = hub.configuration(cache: cacheFolder)
            configuration.endpoint = "http://127.0.0.1:9"
            let client = HubClient(configuration: configuration)
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .connectionFailed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }

        @Test func moreThanTheDiskHoldsIsRefusedAtOnce() async throws {
            var files = FakeHub.checkpoint(shards: 1)
            files["model.safetensors"] = .init(content: Data(), isLarge: true)
            let hub = try FakeHub(files)
            hub.change { state in
                state.fault = { request, _ in
                    guard request.path.contains("/tree/") else { return nil }
                    let zeros = String(repeating: "0", count: 64)
                    let text = """
                        [{"type": "file", "path": "config.json", "size": 2, "oid": "\(zeros.prefix(40))"},
                         {"type": "file", "path": "model.safetensors", "size": 9, "oid": "\(zeros.prefix(40))",
                          "lfs": {"oid": "\(zeros)", "size": 4611686018427387904}}]
                        """
                    return .init(body: Data(text.utf8))
                }
            }
            let error = await #expect(throws: HubError.self) { try await hub.client(cache: cacheFolder).fetch(model) }
            guard case .diskFull(_, let needed, let available) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(needed > available)
            #expect(hub.contentRequests.isEmpty)
        }

        @Test func cancellingKeepsWhatHasCome() async throws {
            let files = FakeHub.checkpoint(shards: 1, shardByteCount: 4_000_000)
            let hub = try FakeHub(files)
            hub.change { $0.rate = 1_000_000 }
            let client = hub.client(cache: cacheFolder)
            let download = client.download(model)
            for await progress in download where progress.bytesDone > 1_100_000 { download.cancel() }
            await #expect(throws: CancellationError.self) { try await download.location }
            #expect(throws: HubError.self) { try client.locate(model) }
            hub.change { $0.rate = nil }
            _ = try await client.fetch(model)
            let ranges = hub.contentRequests.compactMap { $0.headers["range"] }
            #expect(ranges.count == 1)
            #expect(ranges.first.map { $0 > "bytes=1" } == true)
        }

        #if Hub
            @Test func proxiesAreUsed() async throws {
                let proxy = try LoopbackServer { _ in .init(status: 403) }
                defer { proxy.stop() }
                var configuration = HubConfiguration(environment: ["HOME": cacheFolder.path])
                configuration.endpoint = "http://hub.invalid"
                configuration.attempts = 1
                let environment = ["http_proxy": "http://127.0.0.1:\(proxy.port)"]
                let transport = AsyncHTTPClientTransport(connectTimeout: .milliseconds(500), environment: environment)
                let client = HubClient(configuration: configuration, transport: transport)
                await #expect(throws: HubError.self) { try await client.fetch(model) }
                #expect(proxy.requests.allSatisfy { $0.method == "CONNECT" })
                #expect(proxy.requests.first?.target == "hub.invalid:80")
            }
        #endif
    }
#endif
