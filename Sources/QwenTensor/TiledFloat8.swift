internal import CQwenKernels

/// A matrix of 8-bit floats (E4M3 without infinities) whose tiles share a scale, as Qwen's FP8 checkpoints store it.
public final class TiledFloat8: @unchecked Sendable {
    // Sendable: the pointers in `matrix` lead into the storages below, which never change.

    /// The rows of the matrix.
    public let rows: Int
    /// The columns of the matrix.
    public let columns: Int
    /// The bytes of everything that a product reads.
    public let byteCount: Int

    let matrix: qwen_float8
    let bytes: Storage
    private let scales: Storage

    /// The scales, row-major.
    var scaleBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: matrix.scales, count: byteCount - bytes.byteCount)
    }

    /// Describes a matrix.
    ///
    /// - Parameters:
    ///   - rows: the rows.
    ///   - columns: the columns.
    ///   - bytes: one for each element, row-major.
    ///   - scales: [⌈rows / tile⌉, ⌈columns / tile⌉], of a plain type.
    ///   - tile: the rows and columns of a tile.
    /// - Throws: ``TensorError`` for sizes that do not fit one another.
    public init(rows: Int, columns: Int, bytes: Storage, scales: Tensor, tile: Int) throws(TensorError) {
        guard rows > 0, columns > 0, tile > 0, rows < 1 << 31, columns < 1 << 31 else {
            throw .invalidShape([rows, columns, tile])
        }
        guard scales.elementType.isPlain, scales.shape == [(rows + tile - 1) / tile, (columns + tile - 1) / tile] else {
            throw .invalidShape(scales.shape)
        }
        guard bytes.byteCount == rows * columns else {
            throw .outOfBounds(byteOffset: 0, byteCount: rows * columns, storageByteCount: bytes.byteCount)
        }
        self.rows = rows
        self.columns = columns
        byteCount = bytes.byteCount + scales.byteCount
        self.bytes = bytes
        self.scales = scales.storage
        matrix = qwen_float8(
            bytes: bytes.baseAddress.assumingMemoryBound(to: UInt8.self),
            scale_type: scales.elementType.scaleType,
            scales: scales.baseAddress,
            columns: columns,
            tile: tile
        )
    }
}
