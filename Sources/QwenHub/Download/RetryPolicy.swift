/// When a request is made again, and how long to wait before.
struct RetryPolicy: Sendable {
    let configuration: HubConfiguration

    /// Whether a failure may pass by itself.
    static func isTransient(_ error: HubError) -> Bool {
        switch error {
        case .connectionFailed, .wrongSize: true
        case .unexpectedStatus(let status, _): isTransient(status)
        default: false
        }
    }

    static func isTransient(_ status: Int) -> Bool {
        [408, 425, 429, 500, 502, 503, 504].contains(status)
    }

    /// The wait after some failures in a row.
    ///
    /// - Parameters:
    ///   - failures: how many there were; at least 1.
    ///   - retryAfter: the server's `Retry-After`, where it sent one.
    /// - Returns: the wait.
    func delay(failures: Int, retryAfter: String?) -> Duration {
        // A date in place of seconds is taken for none: no Hub sends one.
        if let retryAfter, let seconds = Int(retryAfter), seconds >= 0 {
            return min(.seconds(seconds), configuration.longestDelay)
        }
        let doubled = configuration.firstDelay * (1 << min(failures - 1, 6))
        // Up to a quarter more, so that those who failed together do not come back together.
        return min(doubled, .seconds(60)) * Double.random(in: 1...1.25)
    }
}

/// A failure that the server put a time on.
struct DelayedFailure: Error {
    let error: HubError
    let retryAfter: String?
}

extension HubConnection {
    /// Does something that the network may break, again and again.
    ///
    /// - Parameters:
    ///   - isProgress: whether the last attempt, failed as it was, brought something new: then counting starts again.
    ///   - attempt: what is done.
    /// - Returns: what came of it.
    /// - Throws: the last failure, or `CancellationError`.
    func persistently<Value>(
        isProgress: () -> Bool = { false },
        _ attempt: () async throws -> Value
    ) async throws -> Value {
        let policy = RetryPolicy(configuration: configuration)
        var failures = 0
        while true {
            let failure: DelayedFailure
            do {
                return try await attempt()
            } catch let error as DelayedFailure {
                failure = error
            } catch let error as HubError {
                failure = DelayedFailure(error: error, retryAfter: nil)
            }
            try Task.checkCancellation()
            failures = isProgress() ? 1 : failures + 1
            guard RetryPolicy.isTransient(failure.error), failures < configuration.attempts else { throw failure.error }
            try await Task.sleep(for: policy.delay(failures: failures, retryAfter: failure.retryAfter))
        }
    }
}
