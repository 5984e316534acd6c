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
