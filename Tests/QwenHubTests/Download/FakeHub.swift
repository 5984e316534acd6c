import Foundation
import QwenHub
import Synchronization

/// A Hub on two hosts of this machine: the endpoint, and the one that large files are redirected to.
///
/// It answers as huggingface.co does: a listing with digests, `X-Repo-Commit`, `X-Linked-Etag` and `X-Linked-Size` on the
/// endpoint, ranges and `If-Range` where the content is. A fault can be put before any answer.
final class FakeHub: Sendable {
    struct File: Sendable {
        var content: Data
        var isLarge: Bool

        var digest: String {
            var hasher = ContentHasher(isLarge ? .sha256 : .gitBlob, byteCount: content.count)
            content.withUnsafeBytes { hasher.update($0) }
            return hasher.finish()
        }
    }

    typealias Fault = @Sendable (LoopbackServer.Request, _ isContentHost: Bool) -> LoopbackServer.Answer?

    struct State {
        var commit = String(repeating: "a1", count: 20)
        var files: [String: File] = [:]
        /// What the server serves in place of the files that its listing names.
        var served: [String: Data] = [:]
        var contentETag = 1
        var ignoresRanges = false
        var fault: Fault?
        var rate: Int?
    }

    static let repository = "Qwen/Qwen3-Test"
    let endpoint: LoopbackServer
    let contents: LoopbackServer

    init(_ files: [String: File]) throws {
        let shared = SharedState()
        shared.state.withLock { $0.files = files }
        let contents = try LoopbackServer { shared.contentAnswer($0) }
        endpoint = try LoopbackServer { shared.endpointAnswer($0, contentPort: contents.port) }
        self.contents = contents
        self.shared = shared
    }

    private let shared: SharedState

    deinit {
        endpoint.stop()
        contents.stop()
    }

    func change(_ body: (inout State) -> Void) {
        shared.state.withLock { body(&$0) }
    }

    /// A client of this Hub with a cache of its own and no patience.
    func client(cache: URL, token: String? = nil) -> HubClient {
        HubClient(configuration: configuration(cache: cache, token: token))
    }

    func configuration(cache: URL, token: String? = nil) -> HubConfiguration {
        var configuration = HubConfiguration(environment: ["HOME": cache.path])
        configuration.cache = HubCache(directory: cache)
        configuration.endpoint = "http://127.0.0.1:\(endpoint.port)"
        configuration.token = token
        configuration.firstDelay = .milliseconds(1)
        configuration.attempts = 3
        configuration.idleTimeout = .seconds(30)
        return configuration
    }

    /// Requests for contents, with the range that was asked for.
    var contentRequests: [LoopbackServer.Request] { contents.requests }

    /// A checkpoint with an index and shards of some bytes that do not repeat.
    static func checkpoint(shards: Int = 3, shardByteCount: Int = 300_000) -> [String: File] {
        var files: [String: File] = [
            "config.json": File(content: Data(#"{"model_type": "qwen3"}"#.utf8), isLarge: false),
            "tokenizer.json": File(content: bytes(50_000, seed: 99), isLarge: true),
            "README.md": File(content: Data("not needed".utf8), isLarge: false),
            "pytorch_model.bin": File(content: Data("not needed".utf8), isLarge: true),
        ]
        var weights: [String] = []
        for shard in 1...shards {
            let name = "model-0000\(shard)-of-0000\(shards).safetensors"
            files[name] = File(content: bytes(shardByteCount, seed: UInt64(shard)), isLarge: true)
            weights.append("\"weight\(shard)\": \"\(name)\"")
        }
        let index = "{\"weight_map\": {\(weights.joined(separator: ", "))}}"
        files["model.safetensors.index.json"] = File(content: Data(index.utf8), isLarge: false)
        return files
    }

    static func bytes(_ count: Int, seed: UInt64) -> Data {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var data = Data(capacity: count)
        for _ in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            data.append(UInt8(truncatingIfNeeded: state >> 56))
        }
        return data
    }
}

/// What both servers answer from.
private final class SharedState: Sendable {
    let state = Mutex(FakeHub.State())

    private func json(_ value: Any) -> LoopbackServer.Answer {
        let data = (try? JSONSerialization.data(withJSONObject: value)) ?? Data()
        return .init(headers: [("Content-Type", "application/json")], body: data)
    }

    func endpointAnswer(_ request: LoopbackServer.Request, contentPort: Int) -> LoopbackServer.Answer {
        let state = state.withLock { $0 }
        if let answer = state.fault?(request, false) { return answer }
        let api = "/api/models/\(FakeHub.repository)/"
        let resolve = "/\(FakeHub.repository)/resolve/\(state.commit)/"
        if request.path == api + "revision/main" || request.path == api + "revision/\(state.commit)" {
            return json(["id": FakeHub.repository, "sha": state.commit])
        }
        if request.path.hasPrefix(api + "revision/") {
            return .init(status: 404, headers: [("X-Error-Code", "RevisionNotFound")])
        }
        if request.path == api + "tree/\(state.commit)" { return tree(state, request) }
        if request.path.hasPrefix(resolve) {
            let name = String(request.path.dropFirst(resolve.count)).removingPercentEncoding ?? ""
            guard let file = state.files[name] else {
                return .init(status: 404, headers: [("X-Error-Code", "EntryNotFound")])
            }
            let headers = [("X-Repo-Commit", state.commit), ("Accept-Ranges", "bytes")]
            guard file.isLarge else {
                return content(state.served[name] ?? file.content, etag: file.digest, request, state, more: headers)
            }
            let linked = [
                ("X-Linked-Etag", "\"\(file.digest)\""), ("X-Linked-Size", "\(file.content.count)"),
                ("Location", "http://127.0.0.1:\(contentPort)/cdn/\(name)?signature=secret"), ("ETag", "\"other\""),
            ]
            return .init(status: 302, headers: headers + linked)
        }
        return .init(status: 404, headers: [("X-Error-Code", "RepoNotFound")])
    }

    /// Two entries a page, as if there were thousands.
    private func tree(_ state: FakeHub.State, _ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        let names = state.files.keys.sorted()
        let start = request.target.components(separatedBy: "cursor=").dropFirst().first.flatMap { Int($0) } ?? 0
        var entries: [[String: Any]] = start == 0 ? [["type": "directory", "path": "sub", "oid": "00"]] : []
        for name in names[start..<min(start + 2, names.count)] {
            guard let file = state.files[name] else { continue }
            var entry: [String: Any] = ["type": "file", "path": name, "size": file.content.count]
            entry["oid"] = file.isLarge ? String(repeating: "0", count: 40) : file.digest
            if file.isLarge { entry["lfs"] = ["oid": file.digest, "size": file.content.count, "pointerSize": 134] }
            entries.append(entry)
        }
        var answer = json(entries)
        if start + 2 < names.count {
            let url = "http://\(request.headers["host"] ?? "")\(request.path)?recursive=true&cursor=\(start + 2)"
            answer.headers.append(("Link", "<\(url)>; rel=\"next\""))
        }
        return answer
    }

    func contentAnswer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        let state = state.withLock { $0 }
        if let answer = state.fault?(request, true) { return answer }
        let name = String(request.path.dropFirst("/cdn/".count)).removingPercentEncoding ?? ""
        guard let file = state.files[name] else { return .init(status: 404) }
        return content(state.served[name] ?? file.content, etag: "cdn-\(state.contentETag)", request, state)
    }

    private func content(
        _ content: Data,
        etag: String,
        _ request: LoopbackServer.Request,
        _ state: FakeHub.State,
        more: [(String, String)] = []
    ) -> LoopbackServer.Answer {
        let headers = more + [("ETag", "\"\(etag)\""), ("Accept-Ranges", "bytes")]
        let isSame = request.headers["if-range"].map { $0 == "\"\(etag)\"" } ?? true
        guard let range = request.headers["range"], isSame, !state.ignoresRanges,
            let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" })
        else { return .init(headers: headers, body: content, rate: state.rate) }
        guard start < content.count else {
            return .init(status: 416, headers: headers + [("Content-Range", "bytes */\(content.count)")])
        }
        let field = ("Content-Range", "bytes \(start)-\(content.count - 1)/\(content.count)")
        return .init(status: 206, headers: headers + [field], body: content.dropFirst(start), rate: state.rate)
    }
}
