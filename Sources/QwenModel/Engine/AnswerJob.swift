/// Work that ends with one answer, or an error.
///
/// - Note: `@unchecked Sendable` as `EngineJob` is: the continuation is set before `JobQueue.push`, and after it only the engine's
///   thread touches the state.
class AnswerJob<Answer: Sendable>: EngineJob, @unchecked Sendable {
    fileprivate var continuation: CheckedContinuation<Answer, any Error>?

    init() {
        super.init(cancellation: CancellationFlag())
    }

    /// Does the next piece of work.
    ///
    /// - Returns: the answer, which ends the job; nil where it goes on.
    func advance(_ pass: ForwardPass) throws -> Answer? { nil }

    /// Lets go of what the job holds, before its answer is told.
    func end() {}

    final override func step(_ pass: ForwardPass) -> Bool {
        do {
            guard let answer = try advance(pass) else { return true }
            finish(.success(answer))
        } catch {
            finish(.failure(error))
        }
        return false
    }

    final override func finishCancelled() {
        finish(.failure(CancellationError()))
    }

    private func finish(_ result: Result<Answer, any Error>) {
        end()
        continuation?.resume(with: result)
        continuation = nil
    }
}

extension InferenceEngine {
    /// Waits for a job's answer; cancelling the task cancels the job.
    ///
    /// - Parameter job: a new job.
    /// - Returns: its answer.
    /// - Throws: what the job does, and `CancellationError`.
    func answer<Answer>(of job: AnswerJob<Answer>) async throws -> Answer {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.continuation = continuation
                queue.push(job)
            }
        } onCancel: {
            job.cancellation.raise()
        }
    }
}
