import Synchronization

/// What the engine remembers of one conversation: the key–value cache of the tokens computed so far.
///
/// A request whose prompt begins with tokens that are in the cache computes only the rest. One request at a time uses a
/// context; a context belongs to the engine that made it, and its memory goes with it.
public final class InferenceContext: Sendable {
    /// The most tokens, prompt and answer together, that the context holds.
    public let capacity: Int

    /// Tells whose context this is.
    let engine: ObjectIdentifier

    /// The cache, which only the engine's thread touches.
    let cache: EngineConfined<KeyValueCache>

    /// What a draft has computed of the conversation, likewise; nil before it is asked.
    let draftCache = EngineConfined<KeyValueCache?>(nil)

    /// The cancellation flag of the request that uses the context, if any.
    private let user = Mutex<CancellationFlag?>(nil)

    /// How many tokens are in the cache at the moment.
    public var cachedTokens: Int { cachedCount.load(ordering: .relaxed) }

    /// Kept by the engine's thread for `cachedTokens`, which any thread may read.
    let cachedCount = Atomic<Int>(0)

    private let queue: JobQueue

    init(capacity: Int, engine: ObjectIdentifier, queue: JobQueue, cache: sending KeyValueCache) {
        self.capacity = capacity
        self.engine = engine
        self.queue = queue
        self.cache = EngineConfined(cache)
    }

    /// What the conversation computed goes back to the engine, which may keep it for others.
    deinit {
        queue.retire(cache)
    }

    /// Gives the context to a request.
    ///
    /// - Returns: false when another request has it that was not told to stop. A cancelled one does not count: the engine's
    ///   thread ends it before it starts the next.
    func acquire(for request: CancellationFlag) -> Bool {
        user.withLock { user in
            if let user, !user.isRaised { return false }
            user = request
            return true
        }
    }

    /// Takes the context back from a request, unless a newer one has it.
    func release(from request: CancellationFlag) {
        user.withLock { user in
            if user === request { user = nil }
        }
    }
}

/// A value that one thread alone touches.
///
/// - Note: `@unchecked Sendable` because `value` is read and changed by the engine's thread only; other threads pass the
///   box along and, with the last reference, free it. `InferenceContext.acquire` sees to it that one job at a time has it.
final class EngineConfined<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: sending Value) {
        self.value = value
    }
}
