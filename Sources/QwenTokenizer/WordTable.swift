/// Finds the token that a whole word is, by the word's bytes: a hash table with open addressing.
struct WordTable: Sendable {
    /// One entry; `length` 0 where there is none.
    struct Slot {
        /// ``ByteHash``'s key.
        var key: UInt64
        var length: UInt32
        var id: UInt32

        @inline(__always)
        func matches(key: UInt64, word: UnsafePointer<UInt8>, count: Int, tokens: TokenBytes.View) -> Bool {
            self.key == key && Int(length) == count
                && (count <= 8 || ByteHash.areEqual(word, tokens.start(of: id), longCount: count))
        }
    }

    private var slots: [Slot]
    private let shift: UInt64
    private let seed: UInt64

    /// Creates a table with room for `capacity` words.
    init(capacity: Int) {
        var bits = 4
        while (1 << bits) < capacity + capacity / 2 { bits += 1 }
        slots = Array(repeating: Slot(key: 0, length: 0, id: 0), count: 1 << bits)
        shift = UInt64(64 - bits)
        seed = UInt64.random(in: .min ... .max)
    }

    /// Adds a token of at least one byte, or returns the id that has these bytes already.
    mutating func insert(_ id: UInt32, tokens: TokenBytes.View) -> UInt32? {
        let word = tokens.start(of: id)
        let count = tokens.length(of: id)
        let key = ByteHash.key(word, count: count, readable: count, seed: seed)
        var position = ByteHash.slot(key, count: count, seed: seed, shift: shift)
        while slots[position].length != 0 {
            if slots[position].matches(key: key, word: word, count: count, tokens: tokens) { return slots[position].id }
            position = (position + 1) & (slots.count - 1)
        }
        slots[position] = Slot(key: key, length: UInt32(truncatingIfNeeded: count), id: id)
        return nil
    }

    /// Lends the table to a search.
    @inline(__always)
    func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
        // Passing an array as a pointer lends it for the length of the call.
        @inline(__always)
        func lend(_ slots: UnsafePointer<Slot>) throws -> Result {
            try body(View(slots: slots, shift: shift, seed: seed))
        }
        return try lend(slots)
    }

    /// The table while it is lent.
    struct View {
        let slots: UnsafePointer<Slot>
        let shift: UInt64
        let seed: UInt64

        /// The id of a word with this key, or nil.
        @inline(__always)
        func find(_ word: UnsafePointer<UInt8>, count: Int, key: UInt64, tokens: TokenBytes.View) -> UInt32? {
            var position = ByteHash.slot(key, count: count, seed: seed, shift: shift)
            let mask = Int(truncatingIfNeeded: ~0 as UInt64 &>> shift)
            while slots[position].length != 0 {
                if slots[position].matches(key: key, word: word, count: count, tokens: tokens) {
                    return slots[position].id
                }
                position = (position &+ 1) & mask
            }
            return nil
        }
    }
}
