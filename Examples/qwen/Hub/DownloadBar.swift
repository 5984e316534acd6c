import QwenHub
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A bar on standard error that fills while files come in; nothing where standard error is no terminal.
final class DownloadBar: Sendable {
    private static let width = 30
    private let isShown = isatty(STDERR_FILENO) == 1
    private let hasDrawn = Mutex(false)

    /// Draws what has come in.
    func show(_ progress: HubProgress) {
        guard isShown, progress.bytesTotal > 0 else { return }
        let done = Double(progress.bytesDone)
        let cells = Int(Double(Self.width) * min(1, done / Double(progress.bytesTotal)))
        let bar = String(repeating: "█", count: cells) + String(repeating: "░", count: Self.width - cells)
        var line = "Downloading \(bar) \(Self.size(progress.bytesDone)) of \(Self.size(progress.bytesTotal))"
        if let speed = progress.bytesPerSecond, progress.bytesDone < progress.bytesTotal {
            line += ", \(formatted(speed / 1e6, digits: 1)) MB/s"
            if let remaining = progress.remaining { line += ", \(Self.time(remaining)) left" }
        }
        hasDrawn.withLock { hasDrawn in
            hasDrawn = true
            StandardOutput.writeError("\r\u{1B}[2K" + line)
        }
    }

    /// Takes the bar away.
    func clear() {
        hasDrawn.withLock { hasDrawn in
            if hasDrawn { StandardOutput.writeError("\r\u{1B}[2K") }
            hasDrawn = false
        }
    }

    /// 1.50 GB or 12.3 MB.
    static func size(_ bytes: Int) -> String {
        bytes < 1_000_000_000
            ? formatted(Double(bytes) / 1e6, digits: 1) + " MB" : formatted(Double(bytes) / 1e9, digits: 2) + " GB"
    }

    private static func time(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return seconds < 3600
            ? "\(seconds / 60):\(padded(seconds % 60))"
            : "\(seconds / 3600):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
    }
}
