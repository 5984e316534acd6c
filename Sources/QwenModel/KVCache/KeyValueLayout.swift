import QwenTensor

/// Where the keys and values of a position lie in a page.
///
/// A page holds the same positions of every layer and head: `[layer][key–value head][tile][key, value][position][headDimension]`,
/// with a tile of 16 positions, so that what attention reads of a page for one head lies in one run and is read in order. Inside
/// a tile, 8-bit integers lie in another order, which `qwen_q8_cache.h` tells.
struct KeyValueLayout: Sendable, Hashable {
    /// The type of keys and values.
    let type: KeyValueType
    /// The layers of the model.
    let layers: Int
    /// The heads of each layer.
    let heads: Int
    /// The length of a head's key or value.
    let headDimension: Int
    /// Bytes of a head's key or value at one position.
    let rowByteCount: Int

    /// The binary logarithm of ``pagePositions``.
    static let pageShift = 8

    /// Positions of a page.
    ///
    /// Measured on Zen 4: attention over 4,096 positions takes 1.27 times as long with pages of 64 as without pages, 1.04 times
    /// with 128 and 1.00 times with 256. Sharing is no coarser for it, since sequences copy the beginning of a page that they part in.
    static let pagePositions = 1 << pageShift

    init(_ configuration: ModelConfiguration, type: KeyValueType) {
        self.type = type
        layers = configuration.layerCount
        heads = configuration.keyValueHeads
        headDimension = configuration.headDimension
        rowByteCount = type.rowByteCount(headDimension: configuration.headDimension)
    }

    /// Bytes of a tile's keys, and of its values.
    var tileByteCount: Int { PagedHead.tilePositions * rowByteCount }

    /// Bytes from one head's part of a page to the next.
    var headStride: Int { Self.pagePositions / PagedHead.tilePositions * 2 * tileByteCount }

    /// Bytes of a page.
    ///
    /// - Throws: `TensorError.invalidByteCount` where that overflows.
    func pageByteCount() throws(TensorError) -> Int {
        // Bounded: 2^12 layers · 2^12 heads.
        let (bytes, overflow) = (layers * heads).multipliedReportingOverflow(by: headStride)
        guard !overflow else { throw .invalidByteCount(Int.max) }
        return bytes
    }

    /// Pages that hold some positions.
    static func pages(positions: Int) -> Int {
        positions / pagePositions + (positions % pagePositions == 0 ? 0 : 1)
    }

    /// Whether a page became full between two numbers of positions.
    static func isPageFilled(from before: Int, to after: Int) -> Bool {
        before / pagePositions != after / pagePositions
    }

    // MARK: Rows

    /// The number of runs of rows: the keys, then the values, of every head in every layer.
    var runCount: Int { 2 * layers * heads }

    /// Whether a run's rows are keys.
    func areKeys(_ run: Int) -> Bool { run % (2 * heads) < heads }

    /// Where a tile of a run begins in a page.
    func offset(ofTile tile: Int, run: Int) -> Int {
        let (layer, rest) = run.quotientAndRemainder(dividingBy: 2 * heads)
        let (values, head) = rest.quotientAndRemainder(dividingBy: heads)
        return (layer * heads + head) * headStride + (2 * tile + values) * tileByteCount
    }
}
