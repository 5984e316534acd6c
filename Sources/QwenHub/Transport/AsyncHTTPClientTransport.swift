#if Hub && !canImport(Darwin)
internal import AsyncHTTPClient
internal import Dispatch
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The transport for Linux: async-http-client, with proxies as the environment names them.
public final class AsyncHTTPClientTransport: HubTransport {
    private let configuration: HTTPClient.Configuration
    private let rules: ProxyRules
    /// A client has one proxy, so there is one for each that is used.
    private let clients = Mutex<[ProxyRules.Proxy?: HTTPClient]>([:])

    /// Creates a transport.
    ///
    /// - Parameters:
    ///   - connectTimeout: how long a connection may take.
    ///   - idleTimeout: how long an answer or the next piece of its body may take.
    ///   - environment: the variables that name proxies; those of the process if not given.
    public init(
        connectTimeout: Duration = .seconds(10),
        idleTimeout: Duration = .seconds(30),
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connectTimeout), read: TimeAmount(idleTimeout)),
            decompression: .disabled
        )
        // One stream's window is small in HTTP/2, which makes large files slow over long distances.
        configuration.httpVersion = .http1Only
        // Whether to try again is the client's to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.configuration = configuration
        rules = ProxyRules(environment: environment)
    }

    deinit {
        for client in clients.withLock({ $0.values }) {
            client.shutdown(queue: .global()) { _ in }
        }
    }

    /// Sends a request.
    public func send(_ request: HubRequest) async throws -> HubResponse {
        var wire = HTTPClientRequest(url: request.url)
        wire.method = HTTPMethod(rawValue: request.method.rawValue)
        for (name, value) in request.headers.fields { wire.headers.add(name: name, value: value) }
        let response = try await client(for: request.url).execute(wire, deadline: .distantFuture)
        var headers = HubHeaders()
        for (name, value) in response.headers { headers.add(name, value) }
        return HubResponse(
            status: Int(response.status.code),
            headers: headers,
            body: HubBody(response.body.map { Array($0.readableBytesView) })
        )
    }

    private func client(for url: String) -> HTTPClient {
        let parsed = URL(string: url)
        let proxy = rules.proxy(scheme: parsed?.scheme ?? "https", host: parsed?.host ?? "")
        return clients.withLock { clients in
            if let client = clients[proxy] { return client }
            var configuration = configuration
            configuration.proxy = proxy.map { proxy in
                if proxy.isSOCKS { return .socksServer(host: proxy.host, port: proxy.port) }
                let basic = proxy.credentials.map { Data($0.utf8).base64EncodedString() }
                let authorization = basic.map { HTTPClient.Authorization.basic(credentials: $0) }
                return .server(host: proxy.host, port: proxy.port, authorization: authorization)
            }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[proxy] = client
            return client
        }
    }
}
#endif
