import QwenTensor

/// The keys and values of the tokens of one sequence, for every layer.
///
/// They lie in pages that sequences with the same beginning share: growing adds a page and copies nothing, and what others may
/// read is never written again. Not `Sendable`: one thread has it at a time.
final class KeyValueCache {
    /// What a page looks like.
    let layout: KeyValueLayout

    /// The tokens whose keys and values are stored, oldest first.
    private(set) var tokens: [Int32] = []

    /// Under which of the engine's adapters the keys and values were computed.
    var adapterGeneration = 0

    private struct Holding {
        var page: KeyValuePage
        /// Whether this sequence fills the page: it alone may write behind what is published.
        var isOwn: Bool
    }

    private let memory: KeyValuePageMemory
    /// The pages in order. Those that hold no token are this sequence's own, and nothing in them is published.
    private var holdings: [Holding] = []
    /// The pages' addresses, for attention.
    private var table: UnsafeMutablePointer<UnsafeRawPointer>
    private var tableCapacity: Int
    /// Positions from `count` on and before this may be written.
    private var writableEnd = 0

    /// Makes an empty cache.
    init(_ layout: KeyValueLayout, memory: KeyValuePageMemory) {
        self.layout = layout
        self.memory = memory
        tableCapacity = 16
        table = .allocate(capacity: tableCapacity)
    }

    deinit {
        table.deallocate()
    }

    /// The number of positions stored.
    var count: Int { tokens.count }

    /// The addresses of the pages, in order. Valid until the cache changes.
    var pageTable: UnsafePointer<UnsafeRawPointer> { UnsafePointer(table) }

    // MARK: Growing

    /// Makes room for `positions` positions in all, the stored ones included.
    ///
    /// - Throws: `TensorError` when the memory cannot be had; what is stored is as before then.
    /// - Complexity: O(1) within a page. A page is allocated where one is full, and copied where its rest belongs to another
    ///   sequence.
    @inline(__always)
    func reserve(_ positions: Int) throws {
        guard positions > writableEnd else { return }
        try grow(positions)
    }

    @inline(never)
    private func grow(_ positions: Int) throws {
        let (index, offset) = count.quotientAndRemainder(dividingBy: KeyValueLayout.pagePositions)
        if offset > 0 { try makeWritable(index, from: offset) }
        while holdings.count * KeyValueLayout.pagePositions < positions {
            // A short conversation does not take the memory of a whole page at once, nor wait for the system to clear it.
            let isShort = holdings.isEmpty && positions <= KeyValueLayout.pagePositions / 2
            let page = try KeyValuePage(layout, in: memory, usesHugePages: !isShort)
            append(Holding(page: page, isOwn: true))
        }
        writableEnd = holdings.count * KeyValueLayout.pagePositions
        if tokens.capacity < writableEnd { tokens.reserveCapacity(max(writableEnd, 2 * tokens.capacity)) }
    }

    /// Sees to it that positions of a page, `offset` and those behind it, are this sequence's alone.
    private func makeWritable(_ index: Int, from offset: Int) throws {
        if holdings[index].isOwn, holdings[index].page.published <= offset { return }
        if isKnownUniquelyReferenced(&holdings[index].page) {
            holdings[index].page.published = 0
        } else {
            let copy = try KeyValuePage(layout, in: memory)
            copy.copy(from: holdings[index].page, positions: offset, layout)
            holdings[index].page = copy
            table[index] = UnsafeRawPointer(copy.bytes.baseAddress)
        }
        holdings[index].isOwn = true
    }

    private func append(_ holding: Holding) {
        if holdings.count == tableCapacity {
            let larger = UnsafeMutablePointer<UnsafeRawPointer>.allocate(capacity: 2 * tableCapacity)
            larger.moveInitialize(from: table, count: holdings.count)
            table.deallocate()
            table = larger
            tableCapacity *= 2
        }
        (table + holdings.count).initialize(to: UnsafeRawPointer(holding.page.bytes.baseAddress))
        holdings.append(holding)
    }

    /// Counts tokens as stored; their keys and values have been written at the positions after the last.
    func append(_ new: ArraySlice<Int32>) {
        tokens.append(contentsOf: new)
    }

    /// Counts a token as stored, likewise.
    func append(_ token: Int32) {
        tokens.append(token)
    }

    // MARK: Shrinking and sharing

    /// Forgets every position from `count` on.
    func truncate(to count: Int) {
        guard count < tokens.count else { return }
        tokens.removeLast(tokens.count - count)
        holdings.removeLast(holdings.count - KeyValueLayout.pages(positions: count))
        writableEnd = count
    }

    /// Begins with what others have computed, in place of what is stored. Nothing is copied.
    ///
    /// - Parameters:
    ///   - pages: pages that hold the tokens' keys and values, published as far as that.
    ///   - tokens: the tokens.
    /// - Complexity: O(tokens)
    func adopt(_ pages: [KeyValuePage], tokens: UnsafeBufferPointer<Int32>) {
        holdings.removeAll(keepingCapacity: true)
        for page in pages { append(Holding(page: page, isOwn: false)) }
        self.tokens.removeAll(keepingCapacity: true)
        self.tokens.append(contentsOf: tokens)
        writableEnd = tokens.count
    }

    /// A page for others, who may read its first positions from now on.
    ///
    /// - Parameters:
    ///   - index: which page.
    ///   - positions: positions of the page that are stored.
    /// - Returns: the page.
    func publishedPage(_ index: Int, positions: Int) -> KeyValuePage {
        let page = holdings[index].page
        page.published = max(page.published, positions)
        return page
    }

    /// How many tokens of `other`'s beginning are stored at the beginning here.
    func commonPrefix(with other: [Int32]) -> Int {
        var length = 0
        let limit = min(tokens.count, other.count)
        while length < limit && tokens[length] == other[length] {
            length += 1
        }
        return length
    }

    // MARK: Saving

    /// Hands out the rows of a run, a page's at a time, for the first positions: at most as many as there is room for.
    ///
    /// - Parameters:
    ///   - index: which of the layout's runs.
    ///   - positions: how many positions.
    ///   - staging: room for a page's rows.
    ///   - direction: whether the rows are to be read, or the body brings what is to be stored.
    ///   - body: gets the bytes of a page's rows.
    func transfer(
        run index: Int,
        positions: Int,
        staging: AlignedBuffer<UInt8>,
        _ direction: TransferDirection,
        _ body: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        for page in 0..<KeyValueLayout.pages(positions: positions) {
            let inside = min(positions - page * KeyValueLayout.pagePositions, KeyValueLayout.pagePositions)
            let rows = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(staging.elements)[..<(inside * layout.rowByteCount)]
            )
            if direction == .reading { holdings[page].page.read(run: index, layout, into: rows) }
            try body(rows)
            if direction == .writing { holdings[page].page.write(run: index, layout, from: rows) }
        }
    }

    /// Which way rows go.
    enum TransferDirection {
        case reading
        case writing
    }

    /// Room for a page's rows of a run.
    ///
    /// - Throws: `TensorError` when the memory cannot be had.
    func makeStaging() throws(TensorError) -> AlignedBuffer<UInt8> {
        try AlignedBuffer(count: KeyValueLayout.pagePositions * layout.rowByteCount)
    }
}
