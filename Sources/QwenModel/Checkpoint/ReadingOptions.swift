public import QwenTensor

/// How weights are read.
public struct ReadingOptions: Sendable {
    /// How far reading has come.
    public struct Progress: Sendable, Equatable {
        /// The bytes read so far.
        public let bytesRead: Int
        /// The bytes of all weights that the model needs.
        public let bytesTotal: Int
    }

    /// How the model gets at the files' bytes.
    public enum Access: Sendable, Hashable {
        /// They are read into memory of its own. A file that is changed or cut short meanwhile gives an error, and what happens
        /// to it later does not matter.
        case read
        /// The files are mapped into memory, and weights are used where they lie: nothing is copied, memory that is needed
        /// elsewhere can be taken back, and several processes share one copy.
        ///
        /// The size is checked when a file is mapped, but not later: if somebody cuts the file short while the model lives,
        /// the system kills the process (`SIGBUS`), and if somebody writes to it, the weights change. Replacing a file by
        /// renaming another one over it is safe. Weights that cannot be used in place are read all the same.
        case mapped
    }

    /// How the model gets at the files' bytes: they are read unless told.
    public var access = Access.read
    /// How many bytes are read at a time: the grain of progress and cancellation. 8 MiB unless told; at least 4 KiB.
    public var chunkByteCount = 8 << 20
    /// Whether every number is checked to be neither infinite nor NaN. True unless told.
    public var checksFinite = true
    /// Workers that share the reading; nil to read on the calling thread.
    public var pool: WorkerPool?
    /// Called after every chunk, by the thread that read it; with a pool, calls can overlap and come out of order.
    public var progress: (@Sendable (Progress) -> Void)?
    /// Asked before every chunk, by the thread that is to read it; true stops with ``CheckpointError/cancelled``.
    public var isCancelled: (@Sendable () -> Bool)?

    /// Creates options.
    public init() {}
}
