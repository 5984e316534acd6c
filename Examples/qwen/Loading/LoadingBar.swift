import Qwen
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A bar on standard error that fills while weights are read; nothing where standard error is no terminal.
final class LoadingBar: Sendable {
    private static let width = 40
    private let isShown = isatty(STDERR_FILENO) == 1
    /// How many cells are filled; -1 before the first. Held while drawing, because reports can come from many threads.
    private let filled = Mutex(-1)

    /// Draws what has been read.
    func show(_ progress: ReadingOptions.Progress) {
        guard isShown, progress.bytesTotal > 0 else { return }
        let cells = Int(Double(Self.width) * min(1, Double(progress.bytesRead) / Double(progress.bytesTotal)))
        filled.withLock { filled in
            guard cells > filled else { return }
            filled = cells
            let bar = String(repeating: "█", count: cells) + String(repeating: "░", count: Self.width - cells)
            let gigabytes = formatted(Double(progress.bytesTotal) / 1e9, digits: 2)
            StandardOutput.writeError("\rLoading \(bar) \(gigabytes) GB")
        }
    }

    /// Takes the bar away.
    func clear() {
        filled.withLock { filled in
            if filled >= 0 { StandardOutput.writeError("\r\u{1B}[2K") }
            filled = -1
        }
    }
}
