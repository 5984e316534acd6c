/// A set of token ids, one bit for each.
public struct TokenMask: Sendable, Equatable {
    /// The bits, 64 a word, the lowest id in the lowest bit.
    public private(set) var words: [UInt64]

    init(words: [UInt64]) { self.words = words }

    init(count: Int) { words = [UInt64](repeating: 0, count: Self.wordCount(for: count)) }

    static func wordCount(for count: Int) -> Int { (count + 63) / 64 }

    /// Whether an id is in the set.
    ///
    /// - Parameter id: a token's id.
    /// - Returns: true where it is; false for ids beyond the vocabulary.
    public func contains(_ id: Int) -> Bool {
        id >= 0 && id < words.count * 64 && words[id >> 6] >> UInt64(id & 63) & 1 != 0
    }

    /// How many ids are in the set.
    ///
    /// - Complexity: O(size of the vocabulary)
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether no id is in the set.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The ids, ascending.
    public var ids: [Int] {
        var ids: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                ids.append(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return ids
    }

    @inline(__always)
    mutating func insert(_ id: Int32) { words[Int(id) >> 6] |= 1 << UInt64(id & 63) }

    mutating func remove(_ id: Int32) { words[Int(id) >> 6] &= ~(1 << UInt64(id & 63)) }

    mutating func formUnion(_ other: TokenMask) {
        for index in words.indices { words[index] |= other.words[index] }
    }
}
