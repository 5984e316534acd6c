internal import CQwenKernels

/// Where attention finds the cached keys and values of one key–value head: in pages that may lie anywhere.
///
/// A head's part of a page is made of tiles: the keys of ``tilePositions`` positions, `[position][headDimension]`, then their
/// values, so that attention reads one stream.
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

@available(*, unavailable)
extension PagedHead: Sendable {}
