#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Requests to the Hub: redirects, credentials, and what its answers mean.
struct HubConnection: Sendable {
    let configuration: HubConfiguration
    let transport: any HubTransport
    let repository: HubRepository

    /// An answer, with what the Hub itself said before it redirected elsewhere.
    struct Answer: Sendable {
        let response: HubResponse
        /// Where the answer came from.
        let url: String
        /// `X-Repo-Commit`, where the Hub sent it.
        let commit: String?
        /// `X-Linked-Etag` without quotes, where the Hub sent it.
        let linkedETag: String?
    }

    private static let mostRedirects = 10
    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    /// Sends a request and follows redirects.
    ///
    /// The token goes to the endpoint's own scheme, host and port, and nowhere else.
    ///
    /// - Throws: `HubError`, or `CancellationError`. Failures of the connection come as `HubError.connectionFailed`.
    func send(_ method: HubRequest.Method, _ url: String, headers: [(String, String)] = []) async throws -> Answer {
        var url = url
        var commit: String?
        var linkedETag: String?
        for _ in 0...Self.mostRedirects {
            let response = try await exchange(method, url, headers: headers)
            if isEndpoint(url) {
                commit = commit ?? response.headers["X-Repo-Commit"]
                linkedETag = linkedETag ?? response.headers["X-Linked-Etag"].map(Self.unquoted)
            }
            guard Self.redirects.contains(response.status) else {
                return Answer(response: response, url: url, commit: commit, linkedETag: linkedETag)
            }
            guard let location = response.headers["Location"],
                let target = URL(string: location, relativeTo: URL(string: url))?.absoluteURL,
                let scheme = target.scheme?.lowercased(), ["http", "https"].contains(scheme), target.host != nil,
                scheme == "https" || !url.lowercased().hasPrefix("https:")
            else {
                throw HubError.unsafeRedirect(from: url, to: response.headers["Location"] ?? "")
            }
            url = target.absoluteString
        }
        throw HubError.malformedAnswer(url: url, reason: "more than \(Self.mostRedirects) redirects")
    }

    private func exchange(
        _ method: HubRequest.Method,
        _ url: String,
        headers: [(String, String)]
    ) async throws -> HubResponse {
        var request = HubRequest(method, url: url)
        request.headers.add("User-Agent", "swift-qwen")
        // Sizes and digests are those of the content as it is.
        request.headers.add("Accept-Encoding", "identity")
        for (name, value) in headers { request.headers.add(name, value) }
        if let token = configuration.token, isEndpoint(url) { request.headers.add("Authorization", "Bearer \(token)") }
        do {
            return try await transport.send(request)
        } catch {
            throw try Self.failure(error, url: url)
        }
    }

    /// What a failure of the transport is called; rethrows cancellation.
    static func failure(_ error: any Error, url: String) throws -> HubError {
        if error is CancellationError || Task.isCancelled { throw CancellationError() }
        if let error = error as? HubError { return error }
        // What follows the path may be a signature.
        return .connectionFailed(url: withoutQuery(url), reason: "\(error)")
    }

    static func withoutQuery(_ url: String) -> String {
        String(url.prefix { $0 != "?" })
    }

    private func isEndpoint(_ url: String) -> Bool {
        guard let one = URL(string: url), let other = URL(string: configuration.endpoint) else { return false }
        func origin(_ url: URL) -> (String?, String?, Int?) {
            let scheme = url.scheme?.lowercased()
            return (scheme, url.host?.lowercased(), url.port ?? (scheme == "https" ? 443 : 80))
        }
        return origin(one) == origin(other)
    }

    /// An ETag without what HTTP puts around it.
    static func unquoted(_ etag: String) -> String {
        var text = etag[...]
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.hasPrefix("\"") { text = text.dropFirst() }
        if text.hasSuffix("\"") { text = text.dropLast() }
        return String(text)
    }

    // MARK: Statuses

    /// What a status that is no success means.
    ///
    /// The Hub says more in `X-Error-Code`; a private repository looks like one that does not exist.
    func error(for answer: Answer, revision: String, file: String?) -> HubError {
        let response = answer.response
        let url = Self.withoutQuery(answer.url)
        // Other hosts answer for signed links, not for the repository.
        guard isEndpoint(answer.url) else { return .unexpectedStatus(response.status, url: url) }
        switch (response.status, response.headers["X-Error-Code"]) {
        case (_, "GatedRepo"?):
            return .gated(repository: repository.id, page: "\(configuration.endpoint)/\(repository.id)")
        case (_, "RevisionNotFound"?): return .revisionNotFound(repository: repository.id, revision: revision)
        case (_, "EntryNotFound"?): return .fileNotFound(repository: repository.id, file: file ?? "")
        case (_, "RepoNotFound"?):
            return .repositoryNotFound(repository: repository.id, hasToken: configuration.token != nil)
        case (401, _):
            // Without a token this is how the Hub speaks of what does not exist.
            return configuration.token == nil
                ? .repositoryNotFound(repository: repository.id, hasToken: false)
                : .unauthorized(repository: repository.id)
        case (403, _): return .gated(repository: repository.id, page: "\(configuration.endpoint)/\(repository.id)")
        case (404, _):
            if let file { return .fileNotFound(repository: repository.id, file: file) }
            return .repositoryNotFound(repository: repository.id, hasToken: configuration.token != nil)
        default: return .unexpectedStatus(response.status, url: url)
        }
    }
}
