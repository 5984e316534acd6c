internal import CQwenKernels

/// A matrix of quantised blocks, its rows side by side in groups of 16 as the integer kernels read them.
final class PackedMatrix: @unchecked Sendable {
    // Sendable: the storage never changes, and the rest are constants.

    let layout: qwen_packed
    let groupByteCount: Int
    let inputs: Int
    /// What products want their inputs as: ``InputForms/integers`` or ``InputForms/integers16``.
    let inputForm: InputForms
    let storage: Storage

    /// Rows of a group.
    static let groupRows = 16

    /// The bytes of a packed matrix; nil where there are no kernels for the format.
    static func byteCount(_ format: BlockFormat, outputs: Int, inputs: Int) -> Int? {
        let layout = qwen_packed_of_block(format.kernelBlock)
        guard layout >= 0 else { return nil }
        return (outputs + groupRows - 1) / groupRows * qwen_packed_group_bytes(qwen_packed(UInt32(layout)), inputs)
    }

    /// Packs rows; nil where there are no kernels for the format.
    ///
    /// - Complexity: O(bytes), and as much memory again until the caller lets go of the rows.
    init?(
        _ format: BlockFormat,
        rows: UnsafeRawPointer,
        rowByteCount: Int,
        outputs: Int,
        inputs: Int,
        inputForm: InputForms,
        pool: WorkerPool?,
        arena: StorageArena?
    ) throws {
        let layout = qwen_packed_of_block(format.kernelBlock)
        guard layout >= 0, outputs > 0, inputs > 0 else { return nil }
        let packed = qwen_packed(UInt32(layout))
        let groupByteCount = qwen_packed_group_bytes(packed, inputs)
        let groups = (outputs + Self.groupRows - 1) / Self.groupRows
        let (byteCount, overflow) = groups.multipliedReportingOverflow(by: groupByteCount)
        guard !overflow else { throw TensorError.invalidByteCount(Int.max) }
        // Disjoint groups are written by different workers, and `run` returns when all are written.
        nonisolated(unsafe) let source = rows
        storage = try Storage(byteCount: byteCount, in: arena) { buffer in
            guard let start = buffer.baseAddress else { return }
            nonisolated(unsafe) let destination = start
            @Sendable func pack(_ range: Range<Int>) {
                for group in range {
                    let first = group * Self.groupRows
                    Kernels.current.packGroup(
                        packed,
                        source + first * rowByteCount,
                        rowByteCount,
                        min(Self.groupRows, outputs - first),
                        inputs,
                        destination + group * groupByteCount
                    )
                }
            }
            if let pool {
                pool.run { worker in
                    while let range = worker.nextRange(of: groups, chunk: 16) { pack(range) }
                }
            } else {
                pack(0..<groups)
            }
        }
        self.layout = packed
        self.groupByteCount = groupByteCount
        self.inputs = inputs
        self.inputForm = inputForm
    }

    /// A matrix whose memory is filled later.
    ///
    /// - Parameters:
    ///   - layout: what the rows are packed into.
    ///   - inputs: the columns.
    ///   - inputForm: what products want their inputs as.
    ///   - storage: memory for all groups.
    init(_ layout: qwen_packed, inputs: Int, inputForm: InputForms, storage: Storage) {
        self.layout = layout
        self.inputs = inputs
        self.inputForm = inputForm
        self.storage = storage
        groupByteCount = qwen_packed_group_bytes(layout, inputs)
    }

    /// Products with the matrix.
    @inline(__always)
    var product: PackedProduct {
        PackedProduct(layout: layout, inputs: inputs, inputForm: inputForm)
    }

    /// What a format is packed into; nil where there are no kernels for it.
    static func layout(of format: BlockFormat) -> qwen_packed? {
        let layout = qwen_packed_of_block(format.kernelBlock)
        return layout < 0 ? nil : qwen_packed(UInt32(layout))
    }

    /// A row as floats.
    func decode(row: Int, into destination: UnsafeMutablePointer<Float>) {
        let group = storage.baseAddress + row / Self.groupRows * groupByteCount
        qwen_packed_row(layout, group, row % Self.groupRows, inputs, destination)
    }
}
