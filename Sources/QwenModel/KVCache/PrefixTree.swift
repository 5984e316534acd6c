import QwenTensor

/// Finds keys and values that another sequence has computed already for the same beginning.
///
/// Sessions with the same instructions, or a conversation that is branched, begin with the same tokens, and the keys and values of
/// a token depend on the tokens before it only. So the pages of all sequences hang in a radix tree over their tokens, where an edge
/// is a page, and a sequence that begins like another holds its pages too. The tree keeps pages of conversations that have
/// ended, up to a limit; those that were looked at last stay longest. Not `Sendable`: the engine's thread has it.
///
/// Source: Zheng et al. 2024, SGLang (RadixAttention); Kwon et al. 2023, vLLM (PagedAttention).
struct PrefixTree {
    private final class Node {
        /// The page's tokens: all of its positions, or fewer where a sequence ends; then there are no children.
        var tokens: [Int32]
        var page: KeyValuePage
        /// In the order of their tokens; none begins with all tokens of another.
        var children: [Node] = []
        var lastUse: Int

        init(tokens: [Int32], page: KeyValuePage, lastUse: Int) {
            self.tokens = tokens
            self.page = page
            self.lastUse = lastUse
        }
    }

    private var roots: [Node] = []
    private var clock = 0
    private let byteLimit: Int

    /// Under which of the engine's adapters the keys and values were computed.
    private var adapterGeneration = 0

    /// - Parameter byteLimit: how much memory the pages of conversations that have ended may keep.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Fewer tokens are computed as soon as a page is copied.
    private static let worthwhile = 16

    /// Forgets everything, because the adapters are others.
    mutating func reset(adapterGeneration: Int) {
        roots = []
        self.adapterGeneration = adapterGeneration
    }

    // MARK: Looking up

    /// Lets a cache begin with what another has, if that is more than its own beginning.
    ///
    /// - Parameters:
    ///   - cache: the cache of a sequence that is about to be computed.
    ///   - tokens: the sequence.
    /// - Returns: how many tokens of the sequence the cache holds at its beginning afterwards.
    /// - Complexity: O(tokens · log(pages that part at one place)); nothing is copied.
    mutating func extend(_ cache: KeyValueCache, for tokens: [Int32]) -> Int {
        let own = cache.commonPrefix(with: tokens)
        guard cache.adapterGeneration == adapterGeneration else { return own }
        clock += 1
        let count = tokens.withUnsafeBufferPointer { tokens in
            var pages: [KeyValuePage] = []
            let count = Self.longestPrefix(of: tokens, below: roots, clock: clock, &pages)
            if count >= own + Self.worthwhile {
                cache.adopt(pages, tokens: UnsafeBufferPointer(rebasing: tokens[..<count]))
            }
            return count
        }
        return count >= own + Self.worthwhile ? count : own
    }

    private static func longestPrefix(
        of tokens: UnsafeBufferPointer<Int32>,
        below roots: [Node],
        clock: Int,
        _ pages: inout [KeyValuePage]
    ) -> Int {
        var children = roots
        var count = 0
        while count < tokens.count {
            let rest = UnsafeBufferPointer(rebasing: tokens[count...])
            let place = insertionIndex(of: rest, in: children)
            // Of all children, the neighbours of where the tokens belong have the most in common with them.
            var best: (node: Node, common: Int)?
            for index in [place - 1, place] where children.indices.contains(index) {
                let common = commonPrefix(children[index].tokens, rest)
                if common > best?.common ?? 0 { best = (children[index], common) }
            }
            guard let best else { break }
            best.node.lastUse = clock
            pages.append(best.node.page)
            count += best.common
            guard best.common == KeyValueLayout.pagePositions else { break }
            children = best.node.children
        }
        return count
    }

    // MARK: Filling

    /// Lets others find what a cache holds.
    ///
    /// - Complexity: O(tokens · log(pages that part at one place))
    mutating func publish(_ cache: KeyValueCache) {
        guard cache.adapterGeneration == adapterGeneration, cache.count > 0 else { return }
        clock += 1
        cache.tokens.withUnsafeBufferPointer { tokens in
            var parent: Node?
            for index in 0..<KeyValueLayout.pages(positions: tokens.count) {
                let start = index * KeyValueLayout.pagePositions
                let end = min(start + KeyValueLayout.pagePositions, tokens.count)
                let part = UnsafeBufferPointer(rebasing: tokens[start..<end])
                let node = Self.insert(part, page: index, of: cache, below: &parent, roots: &roots, clock: clock)
                node.lastUse = clock
                parent = node
            }
        }
    }

    private static func insert(
        _ part: UnsafeBufferPointer<Int32>,
        page index: Int,
        of cache: KeyValueCache,
        below parent: inout Node?,
        roots: inout [Node],
        clock: Int
    ) -> Node {
        let children = parent?.children ?? roots
        let place = insertionIndex(of: part, in: children)
        if place < children.count, commonPrefix(children[place].tokens, part) == part.count {
            let node = children[place]
            // A living sequence's page takes the place of one that is kept for nobody.
            if node.tokens.count == part.count, isKnownUniquelyReferenced(&node.page) {
                node.page = cache.publishedPage(index, positions: part.count)
            }
            return node
        }
        if place > 0, commonPrefix(children[place - 1].tokens, part) == children[place - 1].tokens.count {
            // A sequence ended here, and now one goes on.
            let node = children[place - 1]
            node.tokens = Array(part)
            node.page = cache.publishedPage(index, positions: part.count)
            return node
        }
        let page = cache.publishedPage(index, positions: part.count)
        let node = Node(tokens: Array(part), page: page, lastUse: clock)
        if let parent { parent.children.insert(node, at: place) } else { roots.insert(node, at: place) }
        return node
    }

    /// The first child that does not come before the tokens.
    private static func insertionIndex(of tokens: UnsafeBufferPointer<Int32>, in children: [Node]) -> Int {
        var low = 0
        var high = children.count
        while low < high {
            let middle = (low + high) / 2
            if children[middle].tokens.lexicographicallyPrecedes(tokens) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func commonPrefix(_ one: [Int32], _ other: UnsafeBufferPointer<Int32>) -> Int {
        one.withUnsafeBufferPointer { one in
            let limit = min(one.count, other.count)
            var count = 0
            while count < limit, one[count] == other[count] { count += 1 }
            return count
        }
    }

    // MARK: Letting go

    /// Lets go of pages that no sequence holds, of those looked at longest ago first, until the rest is within the limit.
    ///
    /// - Complexity: O(pages) for each page that goes, and once.
    mutating func trim() {
        var bytes = roots.reduce(0) { $0 + Self.unheldByteCount($1) }
        while bytes > byteLimit {
            guard let oldest = Self.oldestUnheldLeaf(roots) else { return }
            bytes -= oldest.page.bytes.count
            Self.remove(oldest, from: &roots)
        }
    }

    private static func unheldByteCount(_ node: Node) -> Int {
        let own = isKnownUniquelyReferenced(&node.page) ? node.page.bytes.count : 0
        return node.children.reduce(own) { $0 + unheldByteCount($1) }
    }

    private static func oldestUnheldLeaf(_ nodes: [Node]) -> Node? {
        var oldest: Node?
        for node in nodes {
            let candidate: Node?
            if node.children.isEmpty {
                candidate = isKnownUniquelyReferenced(&node.page) ? node : nil
            } else {
                candidate = oldestUnheldLeaf(node.children)
            }
            if let candidate, candidate.lastUse < oldest?.lastUse ?? .max { oldest = candidate }
        }
        return oldest
    }

    @discardableResult
    private static func remove(_ leaf: Node, from nodes: inout [Node]) -> Bool {
        if let index = nodes.firstIndex(where: { $0 === leaf }) {
            nodes.remove(at: index)
            return true
        }
        return nodes.contains { remove(leaf, from: &$0.children) }
    }
}
