import QwenTensor

/// The keys and values of a run of positions, for every layer; one sequence or several hold it.
///
/// Its last holder frees it. Only one sequence writes to it, and none to what is published: one that goes on from the middle of a
/// page that it may not write to copies it first.
final class KeyValuePage {
    /// The memory, as `KeyValueLayout` says.
    let bytes: AlignedBuffer<UInt8>

    /// Positions at the page's beginning that others than the sequence that fills it may read.
    var published = 0

    private let memory: KeyValuePageMemory

    /// Makes a page in which nothing is stored.
    ///
    /// - Parameters:
    ///   - layout: what a page holds.
    ///   - memory: where its memory comes from.
    ///   - usesHugePages: false where few of its positions will be filled soon: see `AlignedBuffer`.
    /// - Throws: `TensorError` when the memory cannot be had.
    init(
        _ layout: KeyValueLayout,
        in memory: KeyValuePageMemory,
        usesHugePages: Bool = true
    ) throws(TensorError) {
        bytes = try memory.take(byteCount: layout.pageByteCount(), usesHugePages: usesHugePages)
        self.memory = memory
    }

    deinit {
        memory.giveBack(bytes)
    }

    /// Takes over another page's first positions, in whole tiles.
    func copy(from other: KeyValuePage, positions: Int, _ layout: KeyValueLayout) {
        let tiles = (positions + PagedHead.tilePositions - 1) / PagedHead.tilePositions
        for head in 0..<layout.layers * layout.heads {
            let offset = head * layout.headStride
            (bytes.baseAddress + offset)
                .update(from: other.bytes.baseAddress + offset, count: tiles * 2 * layout.tileByteCount)
        }
    }

    /// Copies rows of a run, from the page's first position on, out of the page.
    func read(run: Int, _ layout: KeyValueLayout, into rows: UnsafeMutableRawBufferPointer) {
        forEachTile(run, layout, rows) { tile, rows in
            if layout.type == .int8 {
                forEachRow(layout, rows) { index, row in
                    PagedHead.readRow(
                        index,
                        areKeys: layout.areKeys(run),
                        headDimension: layout.headDimension,
                        from: tile,
                        into: row
                    )
                }
            } else if let base = rows.baseAddress {
                base.copyMemory(from: tile, byteCount: rows.count)
            }
        }
    }

    /// Copies rows of a run, from the page's first position on, into the page.
    func write(run: Int, _ layout: KeyValueLayout, from rows: UnsafeMutableRawBufferPointer) {
        forEachTile(run, layout, rows) { tile, rows in
            if layout.type == .int8 {
                forEachRow(layout, rows) { index, row in
                    PagedHead.writeRow(
                        index,
                        areKeys: layout.areKeys(run),
                        headDimension: layout.headDimension,
                        from: row,
                        into: tile
                    )
                }
            } else if let base = rows.baseAddress {
                tile.copyMemory(from: base, byteCount: rows.count)
            }
        }
    }

    /// Hands out where a run's tiles begin, each with the rows that belong there.
    private func forEachTile(
        _ run: Int,
        _ layout: KeyValueLayout,
        _ rows: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeMutableRawPointer, UnsafeMutableRawBufferPointer) -> Void
    ) {
        var tile = 0
        for start in stride(from: 0, to: rows.count, by: layout.tileByteCount) {
            let rows = UnsafeMutableRawBufferPointer(
                rebasing: rows[start..<min(start + layout.tileByteCount, rows.count)]
            )
            body(UnsafeMutableRawPointer(bytes.baseAddress) + layout.offset(ofTile: tile, run: run), rows)
            tile += 1
        }
    }

    private func forEachRow(
        _ layout: KeyValueLayout,
        _ rows: UnsafeMutableRawBufferPointer,
        _ body: (Int, UnsafeMutableRawPointer) -> Void
    ) {
        guard let base = rows.baseAddress else { return }
        for index in 0..<rows.count / layout.rowByteCount { body(index, base + index * layout.rowByteCount) }
    }
}
