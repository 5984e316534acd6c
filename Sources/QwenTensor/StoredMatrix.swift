internal import CQwenKernels

/// A matrix that stays where it is stored, and is brought into memory that somebody lends whenever it is needed there: an expert of
/// a model that is larger than memory.
package final class StoredMatrix: Sendable {
    /// What the memory that a matrix is brought into depends on.
    package struct Form: Hashable, Sendable {
        /// How the elements are stored.
        package let elementType: ElementType
        /// The number of rows.
        package let outputs: Int
        /// The number of columns.
        package let inputs: Int
        /// How products treat their inputs.
        package let arithmetic: Arithmetic

        let layout: qwen_packed?

        /// The bytes that the matrix takes in memory.
        package let byteCount: Int

        /// Describes a matrix in memory.
        ///
        /// - Throws: ``TensorError/invalidShape(_:)``, ``TensorError/incompleteBlock(elementType:columns:)`` or
        ///   ``TensorError/invalidByteCount(_:)``.
        package init(
            _ elementType: ElementType,
            outputs: Int,
            inputs: Int,
            for arithmetic: Arithmetic
        ) throws(TensorError) {
            guard outputs > 0, inputs > 0 else { throw .invalidShape([outputs, inputs]) }
            let stored = try Tensor.size(elementType: elementType, shape: [outputs, inputs]).bytes
            self.elementType = elementType
            self.outputs = outputs
            self.inputs = inputs
            self.arithmetic = arithmetic
            if arithmetic.packsWeights, case .block(let format) = elementType {
                layout = PackedMatrix.layout(of: format)
            } else {
                layout = nil
            }
            guard let layout else {
                byteCount = stored
                return
            }
            let groups = (outputs + PackedMatrix.groupRows - 1) / PackedMatrix.groupRows
            let (packed, overflow) = groups.multipliedReportingOverflow(by: qwen_packed_group_bytes(layout, inputs))
            guard !overflow else { throw .invalidByteCount(.max) }
            byteCount = packed
        }
    }

    /// What the memory depends on.
    package let form: Form

    private let rows: StoredRows

    /// Describes a matrix.
    ///
    /// - Parameters:
    ///   - rows: its rows as they are stored.
    ///   - arithmetic: how products treat their inputs.
    /// - Throws: as ``Form/init(_:outputs:inputs:for:)``.
    package init(_ rows: StoredRows, for arithmetic: Arithmetic) throws(TensorError) {
        form = try Form(rows.elementType, outputs: rows.outputs, inputs: rows.inputs, for: arithmetic)
        self.rows = rows
    }

    /// How many rows to bring into memory at a time: what a panel holds of them, but no more than stays in the second-level cache.
    package func pieceRows(panelByteCount: Int) -> Int {
        let groupRows = PackedMatrix.groupRows
        let byteCount = form.layout == nil ? 1 << 18 : min(panelByteCount, 1 << 18)
        return max(1, byteCount / max(groupRows * rows.rowByteCount, 1)) * groupRows
    }

    /// Tells the system that some rows will be read soon.
    package func prefetch(_ range: Range<Int>) { rows.prefetch?(range) }

    /// Brings rows into memory.
    ///
    /// - Parameters:
    ///   - range: the rows: the first at a multiple of 16; at most ``pieceRows(panelByteCount:)``.
    ///   - memory: where the matrix begins that they are a part of, `form.byteCount` bytes, 64-byte aligned.
    ///   - panel: working memory of the size that the number of rows was asked with.
    /// - Throws: what reading does, and what is thrown for a number that is not finite. The rows are zero then.
    package func read(
        _ range: Range<Int>,
        into memory: UnsafeMutableRawPointer,
        panel: UnsafeMutableRawPointer
    ) throws {
        let byteCount = range.count * rows.rowByteCount
        guard let layout = form.layout else {
            let start = memory + range.lowerBound * rows.rowByteCount
            let bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
            do {
                try rows.fill(range, stored: bytes, packed: nil)
            } catch {
                start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
                throw error
            }
            return
        }
        let groupRows = PackedMatrix.groupRows
        let groupByteCount = qwen_packed_group_bytes(layout, rows.inputs)
        let packed = memory + range.lowerBound / groupRows * groupByteCount
        let stored = UnsafeMutableRawBufferPointer(start: panel, count: byteCount)
        do {
            try rows.fill(range, stored: stored, packed: (packed, layout, groupByteCount))
        } catch {
            let groups = (range.count + groupRows - 1) / groupRows
            packed.initializeMemory(as: UInt8.self, repeating: 0, count: groups * groupByteCount)
            throw error
        }
    }

    /// Brings the rows that some of the bytes belong to into memory of their own, and shows them.
    ///
    /// - Parameters:
    ///   - range: bytes of the matrix as it would lie in memory.
    ///   - body: takes those bytes, which are valid during the call.
    /// - Throws: what reading does.
    /// - Complexity: O(bytes), with an allocation.
    package func withBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        let groupRows = PackedMatrix.groupRows
        let unit = form.layout.map { qwen_packed_group_bytes($0, rows.inputs) } ?? groupRows * rows.rowByteCount
        guard unit > 0, !range.isEmpty else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let groups = range.lowerBound / unit..<(range.upperBound + unit - 1) / unit
        let memory = UnsafeMutableRawPointer.allocate(byteCount: groups.count * unit, alignment: 64)
        let panel = UnsafeMutableRawPointer.allocate(byteCount: groupRows * rows.rowByteCount, alignment: 64)
        defer {
            memory.deallocate()
            panel.deallocate()
        }
        for group in groups {
            let first = group * groupRows
            let part = first..<min(first + groupRows, rows.outputs)
            // The pointer is that of a whole matrix, of which only these groups are there.
            try read(part, into: memory - groups.lowerBound * unit, panel: panel)
        }
        let offset = range.lowerBound - groups.lowerBound * unit
        body(UnsafeRawBufferPointer(start: memory + offset, count: range.count))
    }
}

extension StoredRows {
    /// What rows are packed into, where, and how many bytes a group takes.
    typealias Packed = (start: UnsafeMutableRawPointer, layout: qwen_packed, groupByteCount: Int)

    /// Reads rows and packs them.
    ///
    /// - Parameters:
    ///   - range: the rows; where they are packed, the first of a group and the next.
    ///   - stored: room for the rows as they are stored.
    ///   - packed: where their groups go; nil not to pack.
    /// - Throws: what reading does, and what is thrown for a number that is not finite.
    func fill(_ range: Range<Int>, stored: UnsafeMutableRawBufferPointer, packed: Packed?) throws {
        try read(range, stored)
        guard let base = stored.baseAddress else { return }
        guard let packed else {
            try check?(range, UnsafeRawPointer(base))
            return
        }
        let kernels = Kernels.current
        let groupRows = PackedMatrix.groupRows
        var isFinite = true
        for first in stride(from: 0, to: range.count, by: groupRows) {
            let group = packed.start + first / groupRows * packed.groupByteCount
            let count = min(groupRows, range.count - first)
            kernels.packGroup(packed.layout, base + first * rowByteCount, rowByteCount, count, inputs, group)
            // In a packed group the scales lie together.
            if check != nil, !qwen_packed_finite(packed.layout, group, inputs) { isFinite = false }
        }
        if !isFinite { try check?(range, UnsafeRawPointer(base)) }
    }
}
