import QwenModel
import Synchronization

/// An answer as it comes.
///
/// The request runs while the stream is iterated: it begins with the first call of `next`, and ends when the iterator goes
/// away, so leaving a `for try await` loop stops the generation. Each stream is iterated once; a second iteration throws
/// ``SessionError/streamAlreadyConsumed``.
///
/// ```swift
/// for try await event in session.streamResponse(to: "Is 1009 prime?") {
///     switch event {
///     case .thinking(let text): print(text, terminator: "")
///     case .text(let text): print(text, terminator: "")
///     case .toolResult(let result): print(result.text)
///     case .finished(let response): print(response.finishReason)
///     default: break
///     }
/// }
/// ```
public struct ResponseStream: AsyncSequence, Sendable {
    /// What happens while a model answers, in order; `finished` is the last.
    ///
    /// With tools there are several turns: thinking, text and calls of the model, its usage, the results, and the next turn.
    /// A call that is announced ends in exactly one of ``toolCall(_:)``, ``unknownTool(_:)`` and ``malformedToolCall(raw:)``.
    public enum Event: Sendable {
        /// More of the model's thinking.
        case thinking(String)
        /// More of the answer.
        case text(String)
        /// The model begins to call a tool: its name is known.
        case toolCallStarted(name: String)
        /// More of the call's arguments, as JSON text.
        case toolCallDelta(String)
        /// A call is complete; it is compared with the schema and run when the model's turn is over.
        case toolCall(ToolCall)
        /// A call of a tool that there is not; the model is told so.
        case unknownTool(ToolCall)
        /// A call that cannot be read, as the model wrote it; the model is told so.
        case malformedToolCall(raw: String)
        /// What became of a call, in the order of the calls.
        case toolResult(ToolResult)
        /// What a turn of the model cost, after the turn's last piece.
        case usage(Usage)
        /// The answer is complete and part of the transcript.
        case finished(Response)
    }

    private let session: ChatSession
    private let request: ChatSession.Request
    private let consumption = Consumption()

    init(session: ChatSession, request: ChatSession.Request) {
        self.session = session
        self.request = request
    }

    /// Ends the thinking and has the model answer with what it has: what a thinking budget does, on demand.
    ///
    /// It may be called from any task, and at any time. While the model thinks, Qwen's early-stop sentence follows the token
    /// that is being computed, then the answer. Before the model has begun, it does not think at all. In the answer, after
    /// the end, and for requests without thinking, nothing happens.
    public func answerNow() {
        request.answerNow.raise()
    }

    /// Begins the iteration; the request itself begins with the first event asked for.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(run: consumption.begin() ? ResponseRun(session: session, request: request) : nil)
    }

    /// The events of one request.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let run: ResponseRun?

        init(run: ResponseRun?) {
            self.run = run
        }

        /// The next event; `nil` after the last.
        ///
        /// - Throws: ``SessionError``, `ChatTemplateError`, `EngineError`, `SamplingError` or `CancellationError`; nothing
        ///   follows.
        public mutating func next() async throws -> Event? {
            try await next(isolation: nil)
        }

        /// The next event; `nil` after the last.
        ///
        /// - Parameter actor: the actor on which the caller runs.
        /// - Returns: the event.
        /// - Throws: ``SessionError``, `ChatTemplateError`, `EngineError`, `SamplingError` or `CancellationError`; nothing
        ///   follows.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Event? {
            guard let run else { throw SessionError.streamAlreadyConsumed }
            return try await run.next(isolation: actor)
        }
    }

    /// Whether an iteration has begun, shared by the copies of a stream.
    private final class Consumption: Sendable {
        private let hasBegun = Atomic<Bool>(false)

        func begin() -> Bool {
            !hasBegun.exchange(true, ordering: .relaxed)
        }
    }
}

/// The iterator is one request's; tasks cannot share it.
@available(*, unavailable)
extension ResponseStream.AsyncIterator: Sendable {}
