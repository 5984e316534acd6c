internal import CQwenKernels
internal import Synchronization

/// A matrix that is read, and packed where there are kernels for it, when it is needed.
///
/// Its memory is reserved from the beginning and touched when ``complete(_:pool:)`` fills it: the first touch is what costs time.
/// Until then products read the rows that they need into a worker's panel and pack them there, which gives the same floats as
/// the packed matrix does.
package final class DeferredMatrix: Sendable {
    private enum State {
        static let stored: UInt8 = 0
        static let claimed: UInt8 = 1
        static let complete: UInt8 = 2
    }

    private let rows: StoredRows
    /// What the rows are packed into; nil where they stay as they are stored.
    private let layout: qwen_packed?
    private let groupByteCount: Int
    private let failures: ReadingFailures
    private let state = Atomic<UInt8>(State.stored)
    let storage: Storage

    /// Reserves memory.
    init(
        _ rows: StoredRows,
        layout: qwen_packed?,
        failures: ReadingFailures,
        in arena: StorageArena?
    ) throws(TensorError) {
        self.rows = rows
        self.layout = layout
        self.failures = failures
        let groupRows = PackedMatrix.groupRows
        groupByteCount = layout.map { qwen_packed_group_bytes($0, rows.inputs) } ?? groupRows * rows.rowByteCount
        let (packed, overflow) = ((rows.outputs + groupRows - 1) / groupRows)
            .multipliedReportingOverflow(by: groupByteCount)
        guard !overflow else { throw .invalidByteCount(.max) }
        storage = try Storage(
            reserving: layout == nil ? rows.outputs * rows.rowByteCount : packed,
            in: arena
        )
    }

    /// Whether the memory holds the matrix.
    @inline(__always)
    package var isComplete: Bool { state.load(ordering: .acquiring) == State.complete }

    /// The bytes of the matrix in memory.
    package var byteCount: Int { storage.byteCount }

    // MARK: Some rows

    /// The rows that a panel has room for.
    static let panelRows = 64

    /// The bytes that so many rows take in a panel, before and after packing: at most 2 1/8 bytes for each number and, for few
    /// columns, what fills blocks up.
    static func panelByteCount(inputs: Int) -> Int { panelRows * (2 * inputs + inputs / 4) + 8192 }

    /// Reads rows into a panel, packed as the matrix will be.
    ///
    /// - Parameters:
    ///   - range: at most ``panelRows`` rows; where they are packed, the first of a group and the next.
    ///   - panel: `panelByteCount(inputs:)` bytes, 64-byte aligned.
    /// - Returns: the first of the rows, or of their groups. Zeros, and a failure that is kept, where they cannot be read.
    func read(_ range: Range<Int>, into panel: UnsafeMutableRawPointer) -> UnsafeRawPointer {
        guard layout != nil else {
            let bytes = UnsafeMutableRawBufferPointer(start: panel, count: range.count * rows.rowByteCount)
            if !attempt(range, { try fill(range, stored: bytes, packed: panel) }) { zero(bytes) }
            return UnsafeRawPointer(panel)
        }
        let groups = (range.count + PackedMatrix.groupRows - 1) / PackedMatrix.groupRows
        let packed = UnsafeMutableRawBufferPointer(start: panel, count: groups * groupByteCount)
        let stored = UnsafeMutableRawBufferPointer(
            start: panel + groups * groupByteCount,
            count: range.count * rows.rowByteCount
        )
        if !attempt(range, { try fill(range, stored: stored, packed: panel) }) { zero(packed) }
        return UnsafeRawPointer(panel)
    }

    /// A row as floats: exactly what the stored type defines.
    func decode(row: Int, into destination: UnsafeMutablePointer<Float>) {
        withUnsafeTemporaryAllocation(byteCount: rows.rowByteCount, alignment: 64) { bytes in
            guard let base = bytes.baseAddress else { return }
            if !attempt(row..<row + 1, { try fill(row..<row + 1, stored: bytes, packed: nil) }) { zero(bytes) }
            Kernels.current.convert(from: base, rows.elementType, to: destination, count: rows.inputs)
        }
    }

    private func zero(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] = 0 }
    }

    private func attempt(_ range: Range<Int>, _ body: () throws -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            failures.record(error)
            return false
        }
    }

    /// Reads rows and packs them.
    ///
    /// - Parameters:
    ///   - range: the rows; where they are packed, the first of a group and the next.
    ///   - stored: room for the rows as they are stored.
    ///   - packed: where their groups go; nil not to pack.
    /// - Throws: what reading does, and what is thrown for a number that is not finite.
    private func fill(
        _ range: Range<Int>,
        stored: UnsafeMutableRawBufferPointer,
        packed: UnsafeMutableRawPointer?
    ) throws {
        var destination: StoredRows.Packed?
        if let layout, let packed { destination = (packed, layout, groupByteCount) }
        try rows.fill(range, stored: stored, packed: destination)
    }

    // MARK: The whole matrix

    /// Fills the memory of matrices that nobody else fills.
    ///
    /// - Parameters:
    ///   - matrices: which; those that are complete cost nothing.
    ///   - pool: who helps; nil for the calling thread alone.
    /// - Complexity: O(bytes). A matrix that cannot be read stays as it was, and its ``ReadingFailures`` keeps the error.
    package static func complete(_ matrices: [DeferredMatrix], pool: WorkerPool?) {
        let claimed = matrices.filter { $0.claim() }
        guard !claimed.isEmpty else { return }
        var pieces: [Piece] = []
        for (index, matrix) in claimed.enumerated() {
            let step = matrix.pieceRows
            for first in stride(from: 0, to: matrix.rows.outputs, by: step) {
                pieces.append(Piece(matrix: index, rows: first..<min(first + step, matrix.rows.outputs)))
            }
        }
        let panelByteCount = claimed.map { $0.layout == nil ? 0 : $0.pieceRows * $0.rows.rowByteCount }.max() ?? 0
        let failed = claimed.map { _ in Failed() }
        let all = pieces
        @Sendable func fill(_ piece: Piece, _ panel: UnsafeMutableRawBufferPointer) {
            // What one thing is wrong with is not read to its end.
            guard !failed[piece.matrix].flag.load(ordering: .relaxed) else { return }
            if !claimed[piece.matrix].fillStorage(piece.rows, panel: panel) {
                for matrix in failed { matrix.flag.store(true, ordering: .relaxed) }
            }
        }
        if let pool {
            pool.run { worker in
                let panel = UnsafeMutableRawBufferPointer.allocate(byteCount: panelByteCount, alignment: 64)
                defer { panel.deallocate() }
                while let range = worker.nextRange(of: all.count, chunk: 1) {
                    for index in range { fill(all[index], panel) }
                }
            }
        } else {
            let panel = UnsafeMutableRawBufferPointer.allocate(byteCount: panelByteCount, alignment: 64)
            defer { panel.deallocate() }
            for piece in all { fill(piece, panel) }
        }
        for (matrix, failed) in zip(claimed, failed) {
            let isComplete = !failed.flag.load(ordering: .relaxed)
            matrix.state.store(isComplete ? State.complete : State.stored, ordering: .releasing)
        }
    }

    private struct Piece: Sendable {
        let matrix: Int
        let rows: Range<Int>
    }

    private final class Failed: Sendable {
        let flag = Atomic<Bool>(false)
    }

    private func claim() -> Bool {
        state.compareExchange(expected: State.stored, desired: State.claimed, ordering: .acquiringAndReleasing)
            .exchanged
    }

    /// Rows that are read at a time: a quarter of the second-level cache's usual size, whole groups.
    private var pieceRows: Int {
        let groupRows = PackedMatrix.groupRows
        return max(1, (1 << 18) / max(groupRows * rows.rowByteCount, 1)) * groupRows
    }

    private func fillStorage(_ range: Range<Int>, panel: UnsafeMutableRawBufferPointer) -> Bool {
        let memory = storage.reserved
        let byteCount = range.count * rows.rowByteCount
        if layout == nil {
            let start = memory + range.lowerBound * rows.rowByteCount
            let bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
            return attempt(range) { try fill(range, stored: bytes, packed: nil) }
        }
        let stored = UnsafeMutableRawBufferPointer(rebasing: panel[..<byteCount])
        let packed = memory + range.lowerBound / PackedMatrix.groupRows * groupByteCount
        return attempt(range) { try fill(range, stored: stored, packed: packed) }
    }
}
