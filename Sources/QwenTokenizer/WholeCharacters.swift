/// Which characters' bytes may be taken as merged from the start, whatever else the word holds.
///
/// A character of two or three bytes that is a token would be merged byte by byte every time, most of all in Chinese.
/// Its bytes can merge with nothing else before they have merged with each other, unless a token begins or ends within
/// the character and reaches over its edge, and merges earlier. For the two bytes at an edge the table holds the
/// lowest rank that makes such a token; where the character's own merges all come before it, the character is whole by
/// then: as long as it is not, a merge of its own is possible, and the lowest rank goes first. What merges with the
/// whole character comes later still (``MergeRules/irregularIDs`` are left out). So the result is exact.
struct WholeCharacters: Sendable {
    /// The lowest ranks of merges that reach over the edge between two bytes.
    fileprivate struct Edge {
        /// Of those whose token begins within the character on the left.
        var left = MergeRules.none
        /// Of those whose token ends within the character on the right.
        var right = MergeRules.none
    }

    /// The last merge of each character of the basic plane that is a token, by scalar; ``MergeRules/none`` for others.
    private var ranks = [UInt32](repeating: MergeRules.none, count: 1 << 16)
    /// By the byte before the edge · 256 + the byte behind it.
    private var edges = [Edge](repeating: Edge(), count: 1 << 16)

    init(tokens: TokenBytes, rules: MergeRules) {
        tokens.withView { tokens in
            rules.withView { view in
                for rank in 0..<UInt32(truncatingIfNeeded: rules.count) {
                    let id = view.result(of: rank)
                    let (start, count) = (tokens.start(of: id), tokens.length(of: id))
                    note(start, count: count, rank: rank, rules: view, irregular: rules.irregularIDs)
                }
            }
        }
    }

    /// Notes what a merge makes. Ranks come in order, so that the first is the lowest.
    private mutating func note(
        _ bytes: UnsafePointer<UInt8>,
        count: Int,
        rank: UInt32,
        rules: MergeRules.View,
        irregular: Set<UInt32>
    ) {
        var first = 0
        while first < count, bytes[first] & 0xC0 == 0x80 { first += 1 }
        if first > 0, first < count {
            let edge = Int(bytes[first - 1]) << 8 | Int(bytes[first])
            edges[edge].left = min(edges[edge].left, rank)
        }
        var last = count - 1
        while last > 0, bytes[last] & 0xC0 == 0x80 { last -= 1 }
        let length = Self.length(bytes[last])
        if last > 0, count - last < length {
            let edge = Int(bytes[last - 1]) << 8 | Int(bytes[last])
            edges[edge].right = min(edges[edge].right, rank)
        }
        // An overlong form must not pass for the character that it would stand for.
        if last == 0, count == length, length == 2 || length == 3,
            case let scalar = UTF8Scalar.decode(bytes).scalar, scalar >= (length == 2 ? 0x80 : 0x800),
            !irregular.contains(rules.result(of: rank)),
            let highest = Self.highestRank(bytes, count: count, result: rules.result(of: rank), rules: rules)
        {
            ranks[Int(scalar)] = highest
        }
    }

    /// How many bytes a character that begins with a byte has.
    @inline(__always)
    private static func length(_ byte: UInt8) -> Int {
        byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }

    /// The last rank in the merging of a character's bytes, if that is the highest too and makes the given token.
    private static func highestRank(
        _ bytes: UnsafePointer<UInt8>,
        count: Int,
        result: UInt32,
        rules: MergeRules.View
    ) -> UInt32? {
        var parts = (0..<count).map { rules.id(of: bytes[$0]) }
        var highest: UInt32?
        while parts.count > 1 {
            let candidates = parts.indices.dropLast().map { rules.rank(left: parts[$0], right: parts[$0 + 1]) }
            guard let rank = candidates.min(), rank != MergeRules.none, rank >= highest ?? 0,
                let place = candidates.firstIndex(of: rank)
            else { return nil }
            parts.replaceSubrange(place...(place + 1), with: CollectionOfOne(rules.result(of: rank)))
            highest = rank
        }
        return parts == [result] ? highest : nil
    }

    /// Lends the tables to an encoder.
    @inline(__always)
    func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
        // Passing arrays as pointers lends them for the length of the call.
        @inline(__always)
        func lend(_ ranks: UnsafePointer<UInt32>, _ edges: UnsafePointer<Edge>) throws -> Result {
            try body(View(ranks: ranks, edges: edges))
        }
        return try lend(ranks, edges)
    }

    /// The tables while they are lent.
    struct View {
        fileprivate let ranks: UnsafePointer<UInt32>
        fileprivate let edges: UnsafePointer<Edge>

        /// Splits a word into the symbols that merging begins with.
        ///
        /// Each is a byte, or a character whose bytes are bound to merge; bytes that the vocabulary lacks are left out.
        /// The word is well-formed UTF-8 and `symbols` has room for `count`. Returns how many there are.
        @inline(__always)
        func split(
            _ word: UnsafePointer<UInt8>,
            count: Int,
            rules: MergeRules.View,
            into symbols: UnsafeMutablePointer<UInt32>
        ) -> Int {
            var symbolCount = 0
            var position = 0
            while position < count {
                let byte = word[position]
                if byte >= 0xC0, byte < 0xF0 {
                    let length = byte < 0xE0 ? 2 : 3
                    let rank = ranks[Int(UTF8Scalar.decode(word + position).scalar)]
                    if rank != MergeRules.none {
                        let end = position &+ length
                        let isFree = position == 0 || rank < edge(word + position).pointee.right
                        if isFree, end == count || rank < edge(word + end).pointee.left {
                            symbols[symbolCount] = rules.result(of: rank)
                            symbolCount &+= 1
                            position = end
                            continue
                        }
                    }
                }
                let id = rules.id(of: byte)
                // What is left out brings together what the edges do not know.
                if id == MergeRules.none { return splitIntoBytes(word, count: count, rules: rules, into: symbols) }
                symbols[symbolCount] = id
                symbolCount &+= 1
                position &+= 1
            }
            return symbolCount
        }

        @inline(never)
        private func splitIntoBytes(
            _ word: UnsafePointer<UInt8>,
            count: Int,
            rules: MergeRules.View,
            into symbols: UnsafeMutablePointer<UInt32>
        ) -> Int {
            var symbolCount = 0
            for position in 0..<count {
                let id = rules.id(of: word[position])
                if id == MergeRules.none { continue }
                symbols[symbolCount] = id
                symbolCount += 1
            }
            return symbolCount
        }

        /// The edge before a byte that has another before it.
        @inline(__always)
        private func edge(_ byte: UnsafePointer<UInt8>) -> UnsafePointer<Edge> {
            edges + (Int(byte[-1]) &<< 8 | Int(byte[0]))
        }
    }
}
