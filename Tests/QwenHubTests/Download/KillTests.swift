#if (Hub && os(Linux)) || os(macOS)
    import Foundation
    import QwenHub
    import Testing

    /// `SIGKILL` at any moment: what is visible is whole, and what has come is not downloaded again.
    @Suite struct KillTests {
        /// `QWEN_KILLS` asks for more.
        private static let rounds = ProcessInfo.processInfo.environment["QWEN_KILLS"].flatMap { Int($0) } ?? 6
        private static let shard = "model-00001-of-00001.safetensors"

        @Test func aKilledProcessLeavesWhatTheNextOneNeeds() async throws {
            let temporary = try TemporaryFolder()
            let files = FakeHub.checkpoint(shards: 1, shardByteCount: 6_000_000)
            let hub = try FakeHub(files)
            hub.change { $0.rate = 20_000_000 }
            let repository = try HubRepository(FakeHub.repository)
            let model = try ModelReference(FakeHub.repository)
            let cache = HubCache(directory: temporary.url.appending(path: "hub"))
            let digest = try #require(files[Self.shard].flatMap { ContentDigest(hex: $0.digest) })
            var completions = 0

            for round in 0..<Self.rounds {
                let present = size(cache.incompleteBlob(repository, digest))
                let before = hub.contentRequests.count
                let isWholeBefore = (try? cache.model(repository)) != nil
                let delay = Int.random(in: 20...350)
                setenv("QWEN_HUB_TEST", "\(hub.endpoint.port) \(delay) \(cache.directory.path)", 1)
                await #expect(processExitsWith: .signal(SIGKILL)) { try await Self.downloadUntilKilled() }

                // What is missing, and no more, was asked for.
                let requests = hub.contentRequests.dropFirst(before).filter { $0.path.contains(Self.shard) }
                #expect(requests.count <= 1)
                if isWholeBefore { #expect(requests.isEmpty) }
                if let first = requests.first {
                    #expect(first.headers["range"] == (present > 0 ? "bytes=\(present)-" : nil), "round \(round)")
                }
                try await expectSound(cache, repository, files)
                if (try? cache.model(repository)) != nil {
                    completions += 1
                    if round.isMultiple(of: 2) { try FileManager.default.removeItem(at: cache.directory) }
                }
            }
            let folder = try await hub.client(cache: cache.directory).fetch(model)
            #expect(try Data(contentsOf: folder.appending(path: Self.shard)) == files[Self.shard]?.content)
            print("\(Self.rounds) kills, \(completions) of them after the download was whole")
        }

        /// In a process of its own.
        private static func downloadUntilKilled() async throws {
            let words = ProcessInfo.processInfo.environment["QWEN_HUB_TEST"]?.split(separator: " ", maxSplits: 2) ?? []
            guard words.count == 3, let delay = Double(words[1]) else { return }
            Thread.detachNewThread {
                Thread.sleep(forTimeInterval: delay / 1000)
                kill(getpid(), SIGKILL)
            }
            var configuration = HubConfiguration(environment: ["HOME": String(words[2])])
            configuration.cache = HubCache(directory: URL(filePath: String(words[2])))
            configuration.endpoint = "http://127.0.0.1:\(words[0])"
            _ = try await HubClient(configuration: configuration).fetch(ModelReference(FakeHub.repository))
            try await Task.sleep(for: .seconds(10))
        }

        /// Every content under its final name is the right one, and so is every file; Python finds no damage.
        private func expectSound(_ cache: HubCache, _ repository: HubRepository, _ files: [String: FakeHub.File])
            async throws
        {
            let blobs = cache.repositoryFolder(repository) + "/blobs"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: blobs)) ?? [] where !name.contains(".") {
                try await #require(ContentDigest(hex: name)).verify(blobs + "/" + name)
            }
            for revision in try cache.repositories().flatMap(\.revisions) {
                for name in revision.files {
                    #expect(try Data(contentsOf: revision.folder.appending(path: name)) == files[name]?.content)
                }
            }
            guard Python.hasHub, FileManager.default.fileExists(atPath: cache.directory.path) else { return }
            let script = "import sys, huggingface_hub as h; print(len(h.scan_cache_dir(sys.argv[1]).warnings))"
            #expect(try String(decoding: Python.run(["-c", script, cache.directory.path]), as: UTF8.self) == "0\n")
        }

        private func size(_ path: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        }

        /// A limit on the length of files is the disk that is full of this test: half of the shard fits.
        @Test func aFullDiskIsATypedErrorAndTheNextTryGoesOn() async throws {
            let temporary = try TemporaryFolder()
            let files = FakeHub.checkpoint(shards: 1, shardByteCount: 6_000_000)
            let hub = try FakeHub(files)
            setenv("QWEN_HUB_TEST", "\(hub.endpoint.port) 0 \(temporary.url.path)", 1)
            await #expect(processExitsWith: .exitCode(42)) {
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 3_000_000, rlim_max: 3_000_000)
                #if canImport(Darwin)
                    setrlimit(RLIMIT_FSIZE, &limit)
                #else
                    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                #endif
                let words =
                    ProcessInfo.processInfo.environment["QWEN_HUB_TEST"]?.split(separator: " ", maxSplits: 2) ?? []
                var configuration = HubConfiguration(environment: ["HOME": String(words[2])])
                configuration.cache = HubCache(directory: URL(filePath: String(words[2])))
                configuration.endpoint = "http://127.0.0.1:\(words[0])"
                do {
                    _ = try await HubClient(configuration: configuration).fetch(ModelReference(FakeHub.repository))
                } catch HubError.diskFull {
                    exit(42)
                }
            }
            let cache = HubCache(directory: temporary.url)
            let repository = try HubRepository(FakeHub.repository)
            let digest = try #require(files[Self.shard].flatMap { ContentDigest(hex: $0.digest) })
            let present = size(cache.incompleteBlob(repository, digest))
            #expect((1...3_000_000).contains(present))
            #expect(!FileManager.default.fileExists(atPath: cache.blob(repository, digest)))
            let folder = try await hub.client(cache: temporary.url).fetch(ModelReference(FakeHub.repository))
            #expect(try Data(contentsOf: folder.appending(path: Self.shard)) == files[Self.shard]?.content)
            #expect(hub.contentRequests.contains { $0.headers["range"] == "bytes=\(present)-" })
        }
    }
#endif
