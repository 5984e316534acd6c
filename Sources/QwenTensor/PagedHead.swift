internal import CQwenKernels

/// Where attention finds the cached keys and values of one key–value head: in pages that may lie anywhere.
///
/// A head's part of a page is made of tiles: the keys of ``tilePositions`` positions, then their values, so that attention reads
/// one stream. Both are `[position][headDimension]`, but for ``KeyValueType/int8``, whose scales and integers lie as its kernels
/// read them: ``readRow(_:areKeys:headDimension:from:into:)`` and its counterpart know how.
public struct PagedHead {
    let head: qwen_paged_head

    /// Positions whose keys lie one after another.
    public static let tilePositions = Int(QWEN_TILE_POSITIONS)

    /// Describes a head's part of a sequence's pages.
    ///
    /// - Parameters:
    ///   - pages: the sequence's pages, in order.
    ///   - pageShift: the binary logarithm of a page's positions, at least 6.
    ///   - offset: the bytes from a page's beginning to the head's first tile.
    ///   - tileByteCount: the bytes of a tile's keys, and of its values.
    @inline(__always)
    public init(pages: UnsafePointer<UnsafeRawPointer>, pageShift: Int, offset: Int, tileByteCount: Int) {
        head = qwen_paged_head(pages: pages, page_shift: pageShift, offset: offset, tile_bytes: tileByteCount)
    }
}

// MARK: Rows of 8-bit integers

extension PagedHead {
    /// Copies a position's row out of a tile's keys or values of ``KeyValueType/int8``: for each 32 dimensions, or what is left of
    /// them, the scale and then the integers, as GGUF's Q8_0 has them.
    ///
    /// - Parameters:
    ///   - index: the position's place in the tile.
    ///   - areKeys: whether these are keys, not values.
    ///   - headDimension: the length of a head.
    ///   - part: where the tile's keys or values begin.
    ///   - row: room for the row.
    @inline(__always)
    public static func readRow(
        _ index: Int,
        areKeys: Bool,
        headDimension: Int,
        from part: UnsafeRawPointer,
        into row: UnsafeMutableRawPointer
    ) {
        qwen_q8_read_row(part, areKeys, headDimension, index, row.assumingMemoryBound(to: UInt8.self))
    }

    /// Copies such a row into a tile's keys or values.
    ///
    /// - Parameters:
    ///   - index: the position's place in the tile.
    ///   - areKeys: whether these are keys, not values.
    ///   - headDimension: the length of a head.
    ///   - row: the row.
    ///   - part: where the tile's keys or values begin.
    @inline(__always)
    public static func writeRow(
        _ index: Int,
        areKeys: Bool,
        headDimension: Int,
        from row: UnsafeRawPointer,
        into part: UnsafeMutableRawPointer
    ) {
        qwen_q8_write_row(part, areKeys, headDimension, index, row.assumingMemoryBound(to: UInt8.self))
    }
}

@available(*, unavailable)
extension PagedHead: Sendable {}
