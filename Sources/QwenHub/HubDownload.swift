#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A model on its way: a sequence of how far it has come, and the place where it is in the end.
///
/// ```swift
/// let download = HubClient().download(try ModelReference("Qwen/Qwen3-0.6B"))
/// for await progress in download { print(progress.bytesDone, "of", progress.bytesTotal) }
/// let folder = try await download.location
/// ```
///
/// The sequence ends with the download, whether it succeeds or not. Who is slow misses states in between.
public final class HubDownload: AsyncSequence, Sendable {
    /// How far the download has come.
    public typealias Element = HubProgress

    private let task: Task<URL, any Error>
    private let states: AsyncStream<HubProgress>

    init(_ work: @escaping @Sendable (@escaping @Sendable (HubProgress) -> Void) async throws -> URL) {
        let (states, continuation) = AsyncStream.makeStream(of: HubProgress.self, bufferingPolicy: .bufferingNewest(1))
        self.states = states
        task = Task {
            defer { continuation.finish() }
            return try await work { continuation.yield($0) }
        }
    }

    deinit {
        task.cancel()
    }

    /// The checkpoint's folder, or the GGUF file, once it is there. Cancelling the task that waits stops the download.
    public var location: URL {
        get async throws {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    /// Stops the download; what has come stays for the next time.
    public func cancel() {
        task.cancel()
    }

    /// Begins to tell how far the download has come. Only one reader gets each state.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(download: self, states: states.makeAsyncIterator())
    }

    /// Tells how far the download has come.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// Held, so that the download does not stop while somebody looks on.
        private let download: HubDownload
        private var states: AsyncStream<HubProgress>.Iterator

        fileprivate init(download: HubDownload, states: AsyncStream<HubProgress>.Iterator) {
            self.download = download
            self.states = states
        }

        /// The next state; nil at the end.
        public mutating func next() async -> HubProgress? {
            await states.next()
        }
    }
}

@available(*, unavailable)
extension HubDownload.AsyncIterator: Sendable {}
