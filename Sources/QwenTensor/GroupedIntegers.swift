internal import CQwenKernels

/// A matrix of small integers whose groups of columns share a scale and an offset: what GPTQ, AWQ, MLX and
/// compressed-tensors store, in one form.
///
/// Each row of integers is a stream of bits, the first column in the lowest bits; scales and offsets are [rows, groups].
public final class GroupedIntegers: @unchecked Sendable {
    // Sendable: the pointers in `matrix` lead into the storages below, which never change.

    /// How an integer becomes a number.
    public enum Offset: Sendable {
        /// scale · (q − zero): one `UInt16` for each row and group.
        case zeroPoints(Storage)
        /// scale · q + bias: biases of the scales' type.
        case biases(Storage, byteOffset: Int)
    }

    /// The rows of the matrix.
    public let rows: Int
    /// The columns of the matrix.
    public let columns: Int
    /// The bits of an integer, 1 to 8.
    public let bits: Int
    /// The bytes of everything that a product reads.
    public let byteCount: Int

    let matrix: qwen_grouped
    let codes: Storage
    let codesOffset: Int
    let codeByteCount: Int
    private let offsetByteCount: Int
    private let storages: [Storage]

    /// The scales, the offsets, and the columns' groups where they are not in order.
    var scaleBytes: [UnsafeRawBufferPointer] {
        let groups = matrix.groups_of_columns.map { UnsafeRawBufferPointer(start: $0, count: 4 * columns) }
        let groupByteCount = groups?.count ?? 0
        return [
            UnsafeRawBufferPointer(
                start: matrix.scales,
                count: byteCount - codeByteCount - offsetByteCount - groupByteCount
            ),
            UnsafeRawBufferPointer(start: matrix.offsets, count: offsetByteCount),
        ] + (groups.map { [$0] } ?? [])
    }

    /// Describes a matrix.
    ///
    /// - Parameters:
    ///   - rows: the rows.
    ///   - columns: the columns.
    ///   - bits: the bits of an integer, 1 to 8.
    ///   - codes: the integers, `rowByteCount` bytes for each row.
    ///   - codesOffset: where they begin.
    ///   - scales: one for each row and group, of a plain type.
    ///   - groupSize: how many columns are a group, where no other grouping is given.
    ///   - groupOfColumn: the group of each column (GPTQ's activation order), or nil.
    ///   - offset: zero points or biases, one for each row and group.
    /// - Throws: ``TensorError`` for sizes that do not fit one another.
    public init(
        rows: Int,
        columns: Int,
        bits: Int,
        codes: Storage,
        codesOffset: Int = 0,
        scales: Tensor,
        groupSize: Int,
        groupOfColumn: Storage? = nil,
        offset: Offset
    ) throws(TensorError) {
        guard rows >= 0, columns > 0, (1...8).contains(bits), groupSize > 0, columns < 1 << 40, rows < 1 << 40 else {
            throw .invalidShape([rows, columns, bits, groupSize])
        }
        let groups = scales.columns
        guard scales.elementType.isPlain, scales.shape == [rows, groups], groups > 0 else {
            throw .invalidShape(scales.shape)
        }
        let rowByteCount = Self.rowByteCount(columns: columns, bits: bits)
        let (codeBytes, overflow) = rows.multipliedReportingOverflow(by: rowByteCount)
        guard !overflow, codesOffset >= 0, codeBytes <= codes.byteCount, codesOffset <= codes.byteCount - codeBytes
        else {
            throw .outOfBounds(byteOffset: codesOffset, byteCount: codeBytes, storageByteCount: codes.byteCount)
        }
        var storages = [scales.storage]
        let offsets: UnsafeRawPointer
        let offsetBytes: Int
        switch offset {
        case .zeroPoints(let storage):
            offsetBytes = rows * groups * 2
            guard storage.byteCount >= offsetBytes else {
                throw .outOfBounds(byteOffset: 0, byteCount: offsetBytes, storageByteCount: storage.byteCount)
            }
            offsets = storage.baseAddress
            storages.append(storage)
        case .biases(let storage, let byteOffset):
            offsetBytes = scales.byteCount
            guard byteOffset >= 0, byteOffset <= storage.byteCount, offsetBytes <= storage.byteCount - byteOffset else {
                throw .outOfBounds(
                    byteOffset: byteOffset,
                    byteCount: offsetBytes,
                    storageByteCount: storage.byteCount
                )
            }
            offsets = storage.baseAddress + byteOffset
            storages.append(storage)
        }
        var groupsOfColumns: UnsafePointer<UInt32>?
        if let groupOfColumn {
            guard groupOfColumn.byteCount == 4 * columns else {
                throw .outOfBounds(
                    byteOffset: 0,
                    byteCount: 4 * columns,
                    storageByteCount: groupOfColumn.byteCount
                )
            }
            let pointer = groupOfColumn.baseAddress.assumingMemoryBound(to: UInt32.self)
            for column in 0..<columns where pointer[column] >= groups {
                throw .groupOutOfRange(column: column, group: Int(pointer[column]), groups: groups)
            }
            groupsOfColumns = pointer
            storages.append(groupOfColumn)
        } else if (columns + groupSize - 1) / groupSize > groups {
            throw .groupOutOfRange(column: columns - 1, group: (columns - 1) / groupSize, groups: groups)
        }
        self.rows = rows
        self.columns = columns
        self.bits = bits
        self.storages = storages
        self.codes = codes
        self.codesOffset = codesOffset
        codeByteCount = codeBytes
        offsetByteCount = offsetBytes
        byteCount = codeBytes + scales.byteCount + offsetBytes + (groupsOfColumns == nil ? 0 : 4 * columns)
        let kind: qwen_group_offset =
            if case .zeroPoints = offset { QWEN_OFFSET_ZERO_POINT } else { QWEN_OFFSET_BIAS }
        matrix = qwen_grouped(
            codes: (codes.baseAddress + codesOffset).assumingMemoryBound(to: UInt8.self),
            scale_type: scales.elementType.scaleType,
            scales: scales.baseAddress,
            offsets: offsets,
            groups_of_columns: groupsOfColumns,
            columns: columns,
            row_bytes: rowByteCount,
            groups: groups,
            group_size: groupSize,
            bits: UInt32(bits),
            offset: kind
        )
    }

    /// The bytes of a row of integers: whole words of 32 bits.
    public static func rowByteCount(columns: Int, bits: Int) -> Int {
        (columns * bits + 31) / 32 * 4
    }
}

extension ElementType {
    /// The kernels' number of a plain type.
    var scaleType: Int32 {
        switch self {
        case .float32, .block: Int32(QWEN_TYPE_F32.rawValue)
        case .float16: Int32(QWEN_TYPE_F16.rawValue)
        case .bfloat16: Int32(QWEN_TYPE_BF16.rawValue)
        }
    }
}
