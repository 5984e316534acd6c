#if Hub || canImport(Darwin)
    import Foundation
    import QwenHub
    import Synchronization
    import Testing

    /// What can go wrong on the way. In each case a wrong content is never visible under its final name.
    @Suite struct FaultTests {
        let temporary: TemporaryFolder
        let repository: HubRepository
        let model: ModelReference
        let files = FakeHub.checkpoint(shards: 1, shardByteCount: 3_000_000)
        let hub: FakeHub
        static let shard = "model-00001-of-00001.safetensors"

        init() throws {
            temporary = try TemporaryFolder()
            repository = try HubRepository(FakeHub.repository)
            model = try ModelReference(FakeHub.repository)
            hub = try FakeHub(files)
        }

        private var client: HubClient { hub.client(cache: temporary.url) }

        private var digest: ContentDigest {
            get throws { try #require(files[Self.shard].flatMap { ContentDigest(hex: $0.digest) }) }
        }

        private func blob() throws -> String { HubCache(directory: temporary.url).blob(repository, try digest) }

        private func incomplete() throws -> String {
            HubCache(directory: temporary.url).incompleteBlob(repository, try digest)
        }

        /// Puts what a killed process left behind.
        private func leaveBehind(_ data: Data) throws {
            try HubCache(directory: temporary.url).prepare(repository, commit: String(repeating: "a1", count: 20))
            try data.write(to: URL(filePath: try incomplete()))
        }

        private func shardRequests() -> [LoopbackServer.Request] {
            hub.contentRequests.filter { $0.path.contains(Self.shard) }
        }

        private func expectWhole() async throws {
            let folder = try await client.fetch(model)
            #expect(try Data(contentsOf: folder.appending(path: Self.shard)) == files[Self.shard]?.content)
            let incomplete = try incomplete()
            #expect(!FileManager.default.fileExists(atPath: incomplete))
        }

        /// Answers the first requests for the shard's content in another way.
        private func failing(_ times: Int, _ change: @escaping @Sendable (inout LoopbackServer.Answer) -> Void) {
            let count = Mutex(0)
            let content = files[Self.shard]?.content ?? Data()
            hub.change { state in
                state.fault = { request, isContentHost in
                    guard isContentHost, request.path.contains(Self.shard) else { return nil }
                    guard
                        count.withLock({
                            $0 += 1; return $0 <= times
                        })
                    else { return nil }
                    let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
                    var answer = LoopbackServer.Answer(headers: [("ETag", "\"cdn-1\"")], body: content.dropFirst(start))
                    if start > 0 {
                        answer.status = 206
                        answer.headers.append(("Content-Range", "bytes \(start)-\(content.count - 1)/\(content.count)"))
                    }
                    change(&answer)
                    return answer
                }
            }
        }

        @Test func aBodyThatIsCutOffIsResumed() async throws {
            failing(4) { $0.ending = .cut(after: 500_000) }
            try await expectWhole()
            let starts = shardRequests().map { $0.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0 }
            #expect(starts.count == 5)
            // A client may lose a little of what came just before the end.
            #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 && $1 <= $0 + 500_000 })
            #expect(shardRequests().dropFirst().allSatisfy { $0.headers["if-range"] == "\"cdn-1\"" })
        }

        @Test func aBodyThatStallsIsResumed() async throws {
            failing(1) { $0.ending = .stalled(after: 1_000_000) }
            var configuration = hub.configuration(cache: temporary.url)
            configuration.idleTimeout = .seconds(1)
            let folder = try await HubClient(configuration: configuration).fetch(model)
            #expect(try Data(contentsOf: folder.appending(path: Self.shard)) == files[Self.shard]?.content)
            #expect(shardRequests().count >= 2)
            #expect(shardRequests().dropFirst().allSatisfy { $0.headers["range"] != nil })
        }

        @Test func aBodyThatBringsNothingIsGivenUp() async throws {
            failing(100) { $0.ending = .cut(after: 0) }
            await #expect(throws: HubError.self) { try await client.fetch(model) }
            #expect(shardRequests().count == 3)
            let blob = try blob()
            #expect(!FileManager.default.fileExists(atPath: blob))
        }

        @Test func whatAKilledProcessLeftIsResumed() async throws {
            let content = try #require(files[Self.shard]?.content)
            try leaveBehind(content.prefix(2_000_000))
            try await expectWhole()
            #expect(shardRequests().map { $0.headers["range"] } == ["bytes=2000000-"])
        }

        @Test func aWholeContentThatWasNotRenamedNeedsNoRequest() async throws {
            try leaveBehind(try #require(files[Self.shard]?.content))
            try await expectWhole()
            #expect(shardRequests().isEmpty)
        }

        @Test(arguments: [1_000_000, 3_000_000, 5_000_000])
        func whatWasLeftWrongIsThrownAway(count: Int) async throws {
            try leaveBehind(FakeHub.bytes(count, seed: 5))
            try await expectWhole()
            #expect(shardRequests().last?.headers["range"] == nil)
        }

        @Test func aServerWithoutRangesSendsAllAgain() async throws {
            hub.change { $0.ignoresRanges = true }
            try leaveBehind(try #require(files[Self.shard]?.content.prefix(1_000_000)))
            try await expectWhole()
        }

        @Test func anETagThatChangesWhileResumingStartsAnew() async throws {
            failing(1) { answer in
                answer.ending = .cut(after: 700_000)
                answer.headers = [("ETag", "\"an older one\"")]
            }
            try await expectWhole()
            #expect(shardRequests().map { $0.headers["if-range"] } == [nil, "\"an older one\""])
        }

        @Test func aContentThatChangesWhileResumingIsNeverVisible() async throws {
            failing(1) { $0.ending = .cut(after: 700_000) }
            hub.change { $0.served[Self.shard] = FakeHub.bytes(3_000_000, seed: 8) }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .wrongDigest(Self.shard, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let blob = try blob()
            #expect(!FileManager.default.fileExists(atPath: blob))
            #expect(throws: HubError.self) { try client.locate(model) }
        }

        @Test func theRightSizeWithAWrongDigestIsNeverVisible() async throws {
            hub.change { $0.served[Self.shard] = FakeHub.bytes(3_000_000, seed: 8) }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .wrongDigest(Self.shard, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let blob = try blob()
            #expect(!FileManager.default.fileExists(atPath: blob))
            let incomplete = try incomplete()
            #expect(!FileManager.default.fileExists(atPath: incomplete))
            hub.change { $0.served = [:] }
            try await expectWhole()
        }

        @Test func aSmallFileIsCheckedToo() async throws {
            hub.change { $0.served["config.json"] = Data(#"{"model_type": "other"}"#.utf8) }
            hub.change { $0.files["config.json"]?.content = Data(#"{"model_type": "qwen3"}"#.utf8) }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .wrongDigest("config.json", _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }

        @Test(arguments: [2_999_999, 3_000_001])
        func aWrongSizeIsAnError(count: Int) async throws {
            hub.change { $0.served[Self.shard] = FakeHub.bytes(count, seed: 1) }
            await #expect(throws: HubError.wrongSize(file: Self.shard, expected: 3_000_000, found: count)) {
                try await client.fetch(model)
            }
            let blob = try blob()
            #expect(!FileManager.default.fileExists(atPath: blob))
        }

        @Test func aRangeThatIsNotTheOneAskedForStartsAnew() async throws {
            try leaveBehind(try #require(files[Self.shard]?.content.prefix(1_000_000)))
            failing(1) { $0.headers = [("Content-Range", "bytes 5-2999999/3000000")] }
            try await expectWhole()
        }

        @Test func a416StartsAnew() async throws {
            try leaveBehind(try #require(files[Self.shard]?.content.prefix(1_000_000)))
            failing(1) { answer in
                answer = .init(status: 416)
            }
            try await expectWhole()
            #expect(shardRequests().map { $0.headers["range"] } == ["bytes=1000000-", nil])
        }

        @Test(arguments: [408, 429, 500, 502, 503, 504])
        func whatMayPassIsTriedAgain(status: Int) async throws {
            failing(2) { $0 = .init(status: status) }
            try await expectWhole()
            #expect(shardRequests().count == 3)
            failing(0) { _ in }
        }

        @Test func whatDoesNotPassIsGivenUp() async throws {
            failing(100) { $0 = .init(status: 500) }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .unexpectedStatus(500, let url) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // What follows the path is a signature, which is nobody's business.
            #expect(!url.contains("secret"))
            #expect(shardRequests().count == 3)
        }

        @Test func retryAfterIsWaitedFor() async throws {
            failing(1) { $0 = .init(status: 429, headers: [("Retry-After", "1")]) }
            let start = ContinuousClock.now
            try await expectWhole()
            #expect(ContinuousClock.now - start >= .seconds(1))
        }

        @Test func theListingIsTriedAgainToo() async throws {
            let count = Mutex(0)
            hub.change { state in
                state.fault = { request, _ in
                    guard request.path.hasPrefix("/api/") else { return nil }
                    return count.withLock({
                        $0 += 1; return $0 % 2 == 1
                    }) ? .init(status: 503) : nil
                }
            }
            try await expectWhole()
        }

        @Test func aFileThatTheListingDoesNotKnowAnyMoreIsAnError() async throws {
            hub.change { state in
                state.fault = { request, isContentHost in
                    guard !isContentHost, request.path.hasSuffix("/" + Self.shard) else { return nil }
                    return .init(status: 302, headers: [("X-Linked-Etag", "\"ffff\""), ("Location", "/elsewhere")])
                }
            }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            let expected = try digest.hex
            #expect(error == .changed(file: Self.shard, expected: expected, found: "ffff"))
        }

        @Test(
            arguments: [
                (401, nil, nil, HubError.repositoryNotFound(repository: "Qwen/Qwen3-Test", hasToken: false)),
                (401, nil, "hf_x", .unauthorized(repository: "Qwen/Qwen3-Test")),
                (401, "RepoNotFound", "hf_x", .repositoryNotFound(repository: "Qwen/Qwen3-Test", hasToken: true)),
                (404, "RepoNotFound", nil, .repositoryNotFound(repository: "Qwen/Qwen3-Test", hasToken: false)),
                (404, "RevisionNotFound", nil, .revisionNotFound(repository: "Qwen/Qwen3-Test", revision: "main")),
                (404, nil, nil, .repositoryNotFound(repository: "Qwen/Qwen3-Test", hasToken: false)),
            ] as [(Int, String?, String?, HubError)]
        )
        func refusalsAreToldApart(status: Int, code: String?, token: String?, expected: HubError) async throws {
            hub.change {
                $0.fault = { _, _ in .init(status: status, headers: code.map { [("X-Error-Code", $0)] } ?? []) }
            }
            let client = hub.client(cache: temporary.url, token: token)
            await #expect(throws: expected) { try await client.fetch(model) }
            #expect(hub.endpoint.requests.count == 1)
        }

        @Test func aGatedRepositorySaysWhereToAsk() async throws {
            hub.change { state in
                state.fault = { request, _ in
                    request.path.contains("/resolve/")
                        ? .init(status: 403, headers: [("X-Error-Code", "GatedRepo")]) : nil
                }
            }
            let page = "http://127.0.0.1:\(hub.endpoint.port)/Qwen/Qwen3-Test"
            await #expect(throws: HubError.gated(repository: "Qwen/Qwen3-Test", page: page)) {
                try await client.fetch(model)
            }
            hub.change { state in
                state.fault = { request, _ in request.path.contains("/resolve/") ? .init(status: 404) : nil }
            }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .fileNotFound(repository: "Qwen/Qwen3-Test", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }

        @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://", ""])
        func redirectsToOtherThingsAreNotFollowed(location: String) async throws {
            hub.change { state in
                state.fault = { request, isContentHost in
                    guard request.path.contains("/resolve/") else { return nil }
                    return .init(status: 302, headers: [("Location", location)])
                }
            }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            switch error {
            case .unsafeRedirect, .malformedAnswer: break
            default: Issue.record("\(String(describing: error))")
            }
        }

        @Test func redirectsInACircleEnd() async throws {
            hub.change { $0.fault = { request, _ in .init(status: 307, headers: [("Location", request.target)]) } }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .malformedAnswer = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(hub.endpoint.requests.count == 11)
        }

        @Test func aRepositoryThatWasRenamedIsFollowed() async throws {
            hub.change { state in
                state.fault = { request, _ in
                    guard request.path.hasPrefix("/api/"), request.target.hasSuffix("/main") else { return nil }
                    let target = request.target.replacingOccurrences(
                        of: "/main",
                        with: "/" + String(repeating: "a1", count: 20)
                    )
                    return .init(status: 307, headers: [("Location", target)])
                }
            }
            try await expectWhole()
        }

        @Test(arguments: ["", "[", "[]", "{}", #"{"sha": "../../x"}"#, #"{"sha": 5}"#])
        func nonsenseFromTheServerIsATypedError(text: String) async throws {
            hub.change { $0.fault = { _, _ in .init(body: Data(text.utf8)) } }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .malformedAnswer = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }

        @Test(arguments: [
            #"{}"#, #"[{"type": "file"}]"#, #"[{"type": "file", "path": "config.json", "size": -1, "oid": "00"}]"#,
            #"[{"type": "file", "path": "config.json", "size": 1, "oid": "../../../x"}]"#,
        ])
        func aListingOfNonsenseIsATypedError(text: String) async throws {
            hub.change {
                $0.fault = { request, _ in request.path.contains("/tree/") ? .init(body: Data(text.utf8)) : nil }
            }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .malformedAnswer = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }

        @Test func aPathThatLeadsOutIsLeftAlone() async throws {
            hub.change { $0.files["../../escaped"] = .init(content: Data("x".utf8), isLarge: false) }
            try await expectWhole()
        }

        @Test func anIndexThatLeadsOutIsAnError() async throws {
            hub.change {
                $0.files["model.safetensors.index.json"]?.content = Data(#"{"weight_map": {"a": "../x"}}"#.utf8)
            }
            let error = await #expect(throws: HubError.self) { try await client.fetch(model) }
            guard case .damagedRecord = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
#endif
