/// Merges the bytes of a word into tokens: always the pair of the lowest rank, the leftmost of equals, until none merges.
///
/// Few symbols are merged in two flat arrays, which costs O(symbols²) with a tiny factor; more of them in a linked list
/// with a heap of candidates, O(symbols · log symbols) whatever the bytes are.
struct BytePairMerger: ~Copyable {
    /// The most symbols that are merged in the flat arrays.
    static let fewSymbols = 64

    private var capacity = 256
    private var ids: UnsafeMutablePointer<UInt32>
    /// The rank of the merge of each symbol with the next one.
    private let ranks: UnsafeMutablePointer<UInt32>
    private var symbols: [Symbol] = []
    private var candidates = CandidateHeap()

    init() {
        ids = .allocate(capacity: capacity)
        ranks = .allocate(capacity: Self.fewSymbols)
    }

    deinit {
        ids.deallocate()
        ranks.deallocate()
    }

    /// Appends the tokens of a word, which is well-formed UTF-8 of at least one byte.
    mutating func merge(
        _ word: UnsafePointer<UInt8>,
        count: Int,
        rules: MergeRules.View,
        characters: WholeCharacters.View,
        into tokens: inout TokenBuffer
    ) {
        if count > capacity {
            ids.deallocate()
            capacity = count
            ids = .allocate(capacity: capacity)
        }
        let symbolCount = characters.split(word, count: count, rules: rules, into: ids)
        if symbolCount == 0 { return }
        tokens.reserve(symbolCount)
        if symbolCount <= Self.fewSymbols {
            mergeFew(symbolCount, rules: rules, into: &tokens)
        } else {
            mergeMany(symbolCount, rules: rules, into: &tokens)
        }
    }

    @inline(__always)
    private func mergeFew(_ count: Int, rules: MergeRules.View, into tokens: inout TokenBuffer) {
        var last = count &- 1
        for position in 0..<last { ranks[position] = rules.rank(left: ids[position], right: ids[position &+ 1]) }
        ranks[last] = MergeRules.none
        while true {
            var best = MergeRules.none
            var place = 0
            for position in 0..<last where ranks[position] < best {
                best = ranks[position]
                place = position
            }
            if best == MergeRules.none { break }
            let merged = rules.result(of: best)
            ids[place] = merged
            for position in (place &+ 1)..<last {
                ids[position] = ids[position &+ 1]
                ranks[position] = ranks[position &+ 1]
            }
            last &-= 1
            ranks[place] = place < last ? rules.rank(left: merged, right: ids[place &+ 1]) : MergeRules.none
            if place > 0 { ranks[place &- 1] = rules.rank(left: ids[place &- 1], right: merged) }
        }
        for position in 0...last { tokens.append(ids[position]) }
    }

    /// One token of a word of many symbols while it is being merged.
    private struct Symbol {
        var id: UInt32
        /// The rank of the merge with the next symbol.
        var rank: UInt32
        var previous: Int
        var next: Int
    }

    @inline(never)
    private mutating func mergeMany(_ count: Int, rules: MergeRules.View, into tokens: inout TokenBuffer) {
        symbols.removeAll(keepingCapacity: true)
        candidates.removeAll()
        for position in 0..<count {
            let isLast = position + 1 == count
            let rank = isLast ? MergeRules.none : rules.rank(left: ids[position], right: ids[position + 1])
            symbols.append(Symbol(id: ids[position], rank: rank, previous: position - 1, next: position + 1))
            if rank != MergeRules.none { candidates.append(rank: rank, position: position) }
        }
        candidates.arrange()
        symbols.withUnsafeMutableBufferPointer { symbols in
            while let (rank, position) = candidates.popFirst() {
                // An entry is out of date where its left symbol is gone or has another neighbour by now.
                if symbols[position].rank != rank { continue }
                let merged = rules.result(of: rank)
                let right = symbols[position].next
                let next = symbols[right].next
                symbols[right].rank = MergeRules.none
                symbols[position].id = merged
                symbols[position].next = next
                symbols[position].rank = MergeRules.none
                if next < count {
                    symbols[next].previous = position
                    let rank = rules.rank(left: merged, right: symbols[next].id)
                    symbols[position].rank = rank
                    if rank != MergeRules.none { candidates.push(rank: rank, position: position) }
                }
                let previous = symbols[position].previous
                if previous >= 0 {
                    let rank = rules.rank(left: symbols[previous].id, right: merged)
                    symbols[previous].rank = rank
                    if rank != MergeRules.none { candidates.push(rank: rank, position: previous) }
                }
            }
            var position = 0
            while position < count {
                tokens.append(symbols[position].id)
                position = symbols[position].next
            }
        }
    }
}
