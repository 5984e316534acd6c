import QwenTensor

/// A model's weights that are not in memory yet, and how they come there: a share between two passes, the rest while there is
/// nothing to compute.
///
/// The first pass goes without, since memory that nobody has touched yet costs more than reading the weights from the files.
struct DeferredWeights {
    private var matrices: ArraySlice<DeferredMatrix>
    private let failures: ReadingFailures
    private var hasComputed = false

    /// About ten milliseconds' work: less than a token of a model that is large enough for this to matter.
    private static let byteCount = 64 << 20
    /// A pass with so many rows takes longer than what is left to do.
    private static let manyRows = 64

    init(_ weights: ModelWeights) {
        matrices = weights.deferred[...]
        failures = weights.failures
    }

    /// Whether all weights are in memory.
    var isEmpty: Bool { matrices.isEmpty }

    /// Before a pass: brings a share of the weights into memory. A failure is met again by the pass.
    mutating func advance(rows: Int, _ pool: WorkerPool) {
        guard !isEmpty else { return }
        defer { hasComputed = true }
        guard hasComputed else { return }
        while bring(pool) && rows >= Self.manyRows {}
    }

    /// While there is nothing to compute: brings a share of the weights into memory.
    ///
    /// - Returns: whether to go on: some are left, and those before could be read.
    mutating func advance(_ pool: WorkerPool) -> Bool { bring(pool) }

    /// Brings all weights into memory.
    ///
    /// - Throws: why they cannot be read.
    mutating func finish(_ pool: WorkerPool) throws {
        while !isEmpty {
            // Without progress another engine with the same weights is at work on them, or they cannot be read.
            if !bring(pool) { try failures.check() }
        }
    }

    /// - Returns: whether some are left, and those before could be read.
    private mutating func bring(_ pool: WorkerPool) -> Bool {
        var byteCount = 0
        let share = matrices.prefix { matrix in
            defer { byteCount += matrix.byteCount }
            return byteCount < Self.byteCount
        }
        DeferredMatrix.complete(Array(share), pool: pool)
        guard share.allSatisfy(\.isComplete) else { return false }
        matrices = matrices.dropFirst(share.count)
        return !isEmpty
    }
}
