internal import Synchronization

/// Collects what the files of a download report, and tells of it now and then.
final class ProgressRecorder: Sendable {
    private struct State {
        var progress = HubProgress(files: [], bytesPerSecond: nil)
        var positions: [String: Int] = [:]
        /// Bytes that came over the network, and what they were some seconds ago.
        var received = 0
        var samples: [(time: ContinuousClock.Instant, received: Int)] = []
        var lastReport: ContinuousClock.Instant?
    }

    private static let interval: Duration = .milliseconds(100)
    private static let window: Duration = .seconds(5)
    private let state = Mutex(State())
    private let report: (@Sendable (HubProgress) -> Void)?

    init(_ report: (@Sendable (HubProgress) -> Void)?) {
        self.report = report
    }

    func add(_ files: [RemoteFile]) {
        state.withLock { state in
            for file in files where state.positions[file.path] == nil {
                state.positions[file.path] = state.progress.files.count
                state.progress.files.append(
                    HubProgress.File(name: file.path, bytesDone: 0, bytesTotal: file.byteCount, isComplete: false)
                )
            }
        }
        tell(always: true)
    }

    /// Notes how much of a file is on the disk, and how much of that came over the network since the last call.
    func set(_ file: RemoteFile, bytesDone: Int, received: Int = 0) {
        state.withLock { state in
            state.received += received
            if let position = state.positions[file.path] { state.progress.files[position].bytesDone = bytesDone }
        }
        tell(always: false)
    }

    func complete(_ file: RemoteFile) {
        state.withLock { state in
            guard let position = state.positions[file.path] else { return }
            state.progress.files[position].bytesDone = file.byteCount
            state.progress.files[position].isComplete = true
        }
        tell(always: true)
    }

    private func tell(always: Bool) {
        guard let report else { return }
        let now = ContinuousClock.now
        let progress = state.withLock { state -> HubProgress? in
            if !always, let last = state.lastReport, now - last < Self.interval { return nil }
            state.lastReport = now
            state.samples.removeAll { now - $0.time > Self.window }
            if let first = state.samples.first, now > first.time, state.received > first.received {
                let seconds = (now - first.time) / .seconds(1)
                state.progress.bytesPerSecond = Double(state.received - first.received) / seconds
            }
            state.samples.append((now, state.received))
            return state.progress
        }
        if let progress { report(progress) }
    }
}
