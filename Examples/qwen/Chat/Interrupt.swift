import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Ctrl-C: cancels the answer that is running, or ends the program when there is none.
struct Interrupt {
    /// What a shell reports for a program that Ctrl-C ended.
    static let exitStatus = 128 + SIGINT

    private let running = RunningAnswer()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [running] in
            if !running.cancel() {
                StandardOutput.writeError("\n")
                exit(Interrupt.exitStatus)
            }
        }
        source.resume()
    }

    /// Gives Ctrl-C its usual meaning back.
    func end() {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    /// Waits for a task.
    ///
    /// - Parameters:
    ///   - task: the task.
    ///   - action: what Ctrl-C does meanwhile.
    /// - Returns: the task's value.
    /// - Throws: the task's error.
    func whileRunning<Value: Sendable>(
        _ task: Task<Value, any Error>,
        onInterrupt action: @escaping @Sendable () -> Void
    ) async throws -> Value {
        running.set(action)
        defer { running.set(nil) }
        return try await task.value
    }
}

/// How to cancel what is running.
private final class RunningAnswer: Sendable {
    private let cancellation = Mutex<(@Sendable () -> Void)?>(nil)

    func set(_ cancellation: (@Sendable () -> Void)?) {
        self.cancellation.withLock { $0 = cancellation }
    }

    /// - Returns: false when nothing is running.
    func cancel() -> Bool {
        cancellation.withLock { cancellation in
            cancellation?()
            return cancellation != nil
        }
    }
}
