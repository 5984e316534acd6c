/// Which two tokens merge into which third, and in what order: a hash table from pairs of ids to ranks.
struct MergeRules: Sendable {
    /// Ids and ranks are packed into one word: 21 bits for each id, 22 for the rank.
    static let maximumID = 1 << 21 - 1
    static let maximumCount = 1 << 22 - 1

    /// No merge: greater than every rank.
    static let none = UInt32.max

    /// Left id, right id, rank; all ones where a slot is empty.
    private var slots: [UInt64]
    private let shift: UInt64
    private let odd: UInt64
    /// The id that the merge of each rank makes.
    private var results: [UInt32] = []
    /// The id of each byte.
    private let byteIDs: [UInt32]
    /// The ranks of the merges of two ids below 256, by left · 256 + right: most vocabularies begin with the bytes.
    private var smallPairs: [UInt32]

    /// Which ids a merge has made so far, and which one has taken.
    private var made: [Bool] = []
    private var taken: [Bool] = []
    /// The ids that are made by more than one merge, or taken by a merge before the one that makes them: none in Qwen's
    /// vocabulary, where merges stand in the order of training.
    private(set) var irregularIDs: Set<UInt32> = []

    /// Creates rules without merges.
    ///
    /// - Parameters:
    ///   - byteIDs: the id of each of the 256 bytes, ``none`` where the vocabulary has none.
    ///   - capacity: the number of merges to make room for.
    init(byteIDs: [UInt32], capacity: Int) {
        var bits = 4
        while (1 << bits) < capacity + capacity / 2 { bits += 1 }
        slots = Array(repeating: .max, count: 1 << bits)
        shift = UInt64(64 - bits)
        odd = UInt64.random(in: .min ... .max) | 1
        self.byteIDs = byteIDs
        smallPairs = Array(repeating: Self.none, count: 1 << 16)
        results.reserveCapacity(capacity)
    }

    /// The bytes without an id.
    var missingBytes: [UInt8] { (UInt8.min...UInt8.max).filter { byteIDs[Int($0)] == Self.none } }

    /// The number of merges.
    var count: Int { results.count }

    /// Adds the merge of the next rank; false where the pair has one already.
    mutating func append(left: Int, right: Int, result: Int) -> Bool {
        let (left, right) = (UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: right))
        let pair = Self.pair(left, right)
        var position = Int(truncatingIfNeeded: (pair &* odd) &>> shift)
        while slots[position] != .max {
            if slots[position] &>> 22 == pair { return false }
            position = (position + 1) & (slots.count - 1)
        }
        let rank = UInt32(truncatingIfNeeded: results.count)
        slots[position] = pair &<< 22 | UInt64(rank)
        results.append(UInt32(truncatingIfNeeded: result))
        note(left: Int(left), right: Int(right), result: result)
        if left | right < 256 { smallPairs[Int(left << 8 | right)] = rank }
        return true
    }

    private mutating func note(left: Int, right: Int, result: Int) {
        let largest = max(left, right, result)
        if largest >= made.count {
            let more = max(largest + 1 - made.count, made.count)
            made.append(contentsOf: repeatElement(false, count: more))
            taken.append(contentsOf: repeatElement(false, count: more))
        }
        taken[left] = true
        taken[right] = true
        if made[result] || taken[result] { irregularIDs.insert(UInt32(truncatingIfNeeded: result)) }
        made[result] = true
    }

    /// Gives back what only ``append(left:right:result:)`` needs.
    mutating func finish() {
        made = []
        taken = []
    }

    @inline(__always)
    fileprivate static func pair(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) &<< 21 | UInt64(right) }

    /// Lends the rules to an encoder.
    @inline(__always)
    func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
        // Passing arrays as pointers lends them for the length of the call.
        @inline(__always)
        func lend(
            _ slots: UnsafePointer<UInt64>,
            _ results: UnsafePointer<UInt32>,
            _ byteIDs: UnsafePointer<UInt32>,
            _ smallPairs: UnsafePointer<UInt32>
        ) throws -> Result {
            try body(
                View(slots: slots, shift: shift, odd: odd, results: results, byteIDs: byteIDs, smallPairs: smallPairs)
            )
        }
        return try lend(slots, results, byteIDs, smallPairs)
    }

    /// The rules while they are lent.
    struct View {
        fileprivate let slots: UnsafePointer<UInt64>
        fileprivate let shift: UInt64
        fileprivate let odd: UInt64
        fileprivate let results: UnsafePointer<UInt32>
        fileprivate let byteIDs: UnsafePointer<UInt32>
        fileprivate let smallPairs: UnsafePointer<UInt32>

        /// The id of a byte.
        @inline(__always)
        func id(of byte: UInt8) -> UInt32 { byteIDs[Int(byte)] }

        /// The rank of two tokens' merge, or ``MergeRules/none``.
        @inline(__always)
        func rank(left: UInt32, right: UInt32) -> UInt32 {
            if left | right < 256 { return smallPairs[Int(left &<< 8 | right)] }
            let pair = MergeRules.pair(left, right)
            let mask = Int(truncatingIfNeeded: ~0 as UInt64 &>> shift)
            var position = Int(truncatingIfNeeded: (pair &* odd) &>> shift)
            while true {
                let slot = slots[position]
                if slot &>> 22 == pair { return UInt32(truncatingIfNeeded: slot & 0x3F_FFFF) }
                if slot == .max { return MergeRules.none }
                position = (position &+ 1) & mask
            }
        }

        /// The id that the merge of a rank makes.
        @inline(__always)
        func result(of rank: UInt32) -> UInt32 { results[Int(rank)] }
    }
}
