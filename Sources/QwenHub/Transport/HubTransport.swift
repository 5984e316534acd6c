/// Sends requests to a Hub and to the hosts it redirects to.
///
/// A transport does one exchange: it follows no redirect, repeats nothing and adds no credentials; the client does that, so
/// that it is the same on all systems. There is one for Apple's systems (URLSession), and one for Linux (async-http-client)
/// where the package's trait `Hub` is enabled. A program can bring its own.
public protocol HubTransport: Sendable {
    /// Sends a request.
    ///
    /// - Parameter request: the request.
    /// - Returns: the answer, as soon as its head is there. The body comes as it is read: a transport holds no more than a few
    ///   megabytes of it.
    /// - Throws: whatever went wrong with the connection, a body that stalls included; `CancellationError` where the task was
    ///   cancelled.
    func send(_ request: HubRequest) async throws -> HubResponse
}

/// A request to a Hub.
public struct HubRequest: Sendable {
    /// The method.
    public enum Method: String, Sendable {
        /// The content is wanted.
        case get = "GET"
        /// Only the head is wanted.
        case head = "HEAD"
    }

    /// The method.
    public var method: Method
    /// The absolute URL, percent-encoded.
    public var url: String
    /// The header's fields.
    public var headers: HubHeaders

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - url: the absolute URL, percent-encoded.
    ///   - headers: the header's fields.
    public init(_ method: Method, url: String, headers: HubHeaders = HubHeaders()) {
        self.method = method
        self.url = url
        self.headers = headers
    }
}

/// The fields of a header, in order; names compare without regard to case.
public struct HubHeaders: Sendable {
    /// The names and values.
    public private(set) var fields: [(name: String, value: String)] = []

    /// Creates a header without fields.
    public init() {}

    /// Adds a field.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - value: its value.
    public mutating func add(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// The first value under a name.
    ///
    /// - Parameter name: the name.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }
}

/// The answer to a request.
public struct HubResponse: Sendable {
    /// The status, as 200.
    public let status: Int
    /// The header's fields.
    public let headers: HubHeaders
    /// The content.
    public let body: HubBody

    /// Creates an answer.
    ///
    /// - Parameters:
    ///   - status: the status.
    ///   - headers: the header's fields.
    ///   - body: the content.
    public init(status: Int, headers: HubHeaders, body: HubBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The content of an answer in pieces, which can be read once.
public struct HubBody: AsyncSequence, Sendable {
    /// Some bytes.
    public typealias Element = [UInt8]

    private let makePieces: @Sendable () -> AsyncIterator

    /// Wraps a sequence of pieces.
    ///
    /// - Parameter pieces: the pieces.
    public init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces) where Pieces.Element == [UInt8] {
        makePieces = {
            var iterator = pieces.makeAsyncIterator()
            return AsyncIterator { try await iterator.next() }
        }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncIterator {
        makePieces()
    }

    /// Reads the pieces.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let nextPiece: () async throws -> [UInt8]?

        /// The next piece; nil at the end.
        public func next() async throws -> [UInt8]? {
            try await nextPiece()
        }
    }
}

@available(*, unavailable)
extension HubBody.AsyncIterator: Sendable {}
