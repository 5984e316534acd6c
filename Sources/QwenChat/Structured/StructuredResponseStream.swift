public import QwenJSON

/// An answer of a type as it comes: more and more of its JSON, then the value.
///
/// Like a ``ResponseStream``, which it is made of, it runs its request while it is iterated, once.
///
/// ```swift
/// for try await event in try session.streamResponse(to: "Plan a trip to Kyoto", generating: Trip.self) {
///     switch event {
///     case .partial(let json): show(json.value)
///     case .finished(let trip): book(trip.content)
///     default: break
///     }
/// }
/// ```
public struct StructuredResponseStream<Content: Decodable & Sendable>: AsyncSequence, Sendable {
    /// What happens while a model answers, in order; `finished` is the last.
    public enum Event: Sendable {
        /// More of the model's thinking.
        case thinking(String)
        /// The answer as far as it has come: always the beginning of JSON that satisfies the schema, and each the beginning
        /// of the next.
        case partial(PartialJSON)
        /// Something else: calls of tools, their results, what a turn cost.
        case other(ResponseStream.Event)
        /// The answer is complete and part of the transcript.
        case finished(StructuredResponse<Content>)
    }

    private let stream: ResponseStream
    private let decode: @Sendable (JSONValue) throws -> Content

    init(_ stream: ResponseStream, decode: @escaping @Sendable (JSONValue) throws -> Content) {
        self.stream = stream
        self.decode = decode
    }

    /// Ends the thinking and has the model answer with what it has; see ``ResponseStream/answerNow()``.
    public func answerNow() { stream.answerNow() }

    /// Begins the iteration; the request itself begins with the first event asked for.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: stream.makeAsyncIterator(), decode: decode)
    }

    /// The events of one request.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var base: ResponseStream.AsyncIterator
        private let decode: @Sendable (JSONValue) throws -> Content
        private var text = ""

        init(base: ResponseStream.AsyncIterator, decode: @escaping @Sendable (JSONValue) throws -> Content) {
            self.base = base
            self.decode = decode
        }

        /// The next event; `nil` after the last.
        ///
        /// - Throws: ``StructuredResponseError`` where the answer ends too early, `DecodingError` where the type wants more
        ///   than its schema says, or what ``ResponseStream`` throws; nothing follows.
        public mutating func next() async throws -> Event? {
            try await next(isolation: nil)
        }

        /// The next event; `nil` after the last.
        ///
        /// - Parameter actor: the actor on which the caller runs.
        /// - Returns: the event.
        /// - Throws: ``StructuredResponseError`` where the answer ends too early, `DecodingError` where the type wants more
        ///   than its schema says, or what ``ResponseStream`` throws; nothing follows.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Event? {
            guard let event = try await base.next(isolation: actor) else { return nil }
            switch event {
            case .thinking(let piece):
                return .thinking(piece)
            case .text(let piece):
                text += piece
                return .partial(PartialJSON(text))
            case .finished(let response):
                let value = try StructuredResponse(reading: response)
                return .finished(StructuredResponse(content: try decode(value.content), response: response))
            case .usage:
                // The answer is the text of the last turn.
                text = ""
                return .other(event)
            default:
                return .other(event)
            }
        }
    }
}

/// The iterator is one request's; tasks cannot share it.
@available(*, unavailable)
extension StructuredResponseStream.AsyncIterator: Sendable {}
