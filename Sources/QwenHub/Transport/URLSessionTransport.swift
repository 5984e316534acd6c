#if canImport(Darwin)
public import Foundation
internal import Synchronization

/// The transport for Apple's systems: URLSession, with the system's proxies.
public final class URLSessionTransport: HubTransport {
    private let configuration: URLSessionConfiguration

    /// Creates a transport.
    ///
    /// - Parameter idleTimeout: how long a connection, an answer or the next piece of its body may take.
    public init(idleTimeout: Duration = .seconds(30)) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Double(idleTimeout.components.seconds)
        configuration.urlCache = nil
        configuration.httpShouldSetCookies = false
        self.configuration = configuration
    }

    /// Sends a request.
    public func send(_ request: HubRequest) async throws -> HubResponse {
        guard let url = URL(string: request.url) else { throw URLError(.badURL) }
        var wire = URLRequest(url: url)
        wire.httpMethod = request.method.rawValue
        for (name, value) in request.headers.fields { wire.addValue(value, forHTTPHeaderField: name) }
        let exchange = URLSessionExchange()
        // A session of its own, because the session keeps its delegate; it ends with the task.
        let session = URLSession(configuration: configuration, delegate: exchange, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let response = try await exchange.start(session.dataTask(with: wire))
        var headers = HubHeaders()
        for (name, value) in response.allHeaderFields {
            if let name = name as? String, let value = value as? String { headers.add(name, value) }
        }
        return HubResponse(status: response.statusCode, headers: headers, body: HubBody(exchange))
    }
}

/// One request: what the session tells its delegate, for one reader.
private final class URLSessionExchange: NSObject, URLSessionDataDelegate, AsyncSequence, Sendable {
    typealias Element = [UInt8]

    private struct State {
        var task: URLSessionTask?
        var head: CheckedContinuation<HTTPURLResponse, any Error>?
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        var pieces: [[UInt8]] = []
        var byteCount = 0
        var end: Result<Void, any Error>?
        var isSuspended = false
    }

    /// Above this many bytes that nobody has read the task is suspended.
    private static let limit = 4 << 20
    private let state = Mutex(State())

    func start(_ task: URLSessionTask) async throws -> HTTPURLResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    state.task = task
                    state.head = continuation
                }
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    func next() async throws -> [UInt8]? {
        let task = state.withLock { $0.task }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    if !state.pieces.isEmpty {
                        let piece = state.pieces.removeFirst()
                        state.byteCount -= piece.count
                        if state.isSuspended, state.byteCount < Self.limit / 2 {
                            state.isSuspended = false
                            state.task?.resume()
                        }
                        continuation.resume(returning: piece)
                    } else if let end = state.end {
                        continuation.resume(with: end.map { nil })
                    } else {
                        state.reader = continuation
                    }
                }
            }
        } onCancel: {
            task?.cancel()
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(exchange: self) }

    /// Nobody reads on when it is gone, so the task may end.
    final class Iterator: AsyncIteratorProtocol {
        private let exchange: URLSessionExchange

        init(exchange: URLSessionExchange) { self.exchange = exchange }

        func next() async throws -> [UInt8]? { try await exchange.next() }

        deinit { exchange.state.withLock { $0.task }?.cancel() }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let head = state.withLock { state in
            defer { state.head = nil }
            return state.head
        }
        if let response = response as? HTTPURLResponse {
            head?.resume(returning: response)
            completionHandler(.allow)
        } else {
            head?.resume(throwing: URLError(.badServerResponse))
            completionHandler(.cancel)
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let piece = [UInt8](data)
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            state.pieces.append(piece)
            state.byteCount += piece.count
            if state.byteCount > Self.limit, !state.isSuspended {
                state.isSuspended = true
                dataTask.suspend()
            }
            return nil
        }
        reader?.resume(returning: piece)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let isCancelled = (error as? URLError)?.code == .cancelled
        let end: Result<Void, any Error> =
            error.map { .failure(isCancelled ? CancellationError() : $0) } ?? .success(())
        let (head, reader) = state.withLock { state in
            state.end = end
            defer {
                state.head = nil
                state.reader = nil
            }
            return (state.head, state.reader)
        }
        head?.resume(throwing: error ?? URLError(.badServerResponse))
        reader?.resume(with: end.map { nil })
    }
}
#endif
