/// Remembers which tokens the last words became that had to be merged, for one text.
///
/// It holds neither bytes nor ids of its own: an entry points to where the word stood in the text and where its tokens
/// stand in the output.
struct WordCache: ~Copyable {
    private struct Entry {
        var key: UInt64
        var word: UnsafePointer<UInt8>?
        var length: UInt32
        var generation: UInt32
        var start: UInt32
        var count: UInt32
    }

    /// Longer words hardly come twice.
    static let longestWord = 255

    private let entries: UnsafeMutablePointer<Entry>
    private let capacity: Int
    private let shift: UInt64
    private var generation: UInt32 = 1

    /// Creates a cache that fits a text of this many bytes.
    init(textLength: Int) {
        var bits = 4
        while bits < 14, 1 << (bits + 6) < textLength { bits += 1 }
        capacity = 1 << bits
        shift = UInt64(64 - bits)
        entries = .allocate(capacity: capacity)
        entries.initialize(
            repeating: Entry(key: 0, word: nil, length: 0, generation: 0, start: 0, count: 0),
            count: capacity
        )
    }

    deinit { entries.deallocate() }

    /// Forgets everything, because the text that the entries point to goes away.
    mutating func forget() {
        generation &+= 1
        if generation == 0 {
            for position in 0..<capacity { entries[position].generation = 0 }
            generation = 1
        }
    }

    /// Where the tokens of a word stand in the output, if it is known.
    @inline(__always)
    func find(_ word: UnsafePointer<UInt8>, count: Int, key: UInt64, seed: UInt64) -> (start: Int, count: Int)? {
        let entry = entries + ByteHash.slot(key, count: count, seed: seed, shift: shift)
        guard entry.pointee.key == key, Int(entry.pointee.length) == count, entry.pointee.generation == generation,
            let known = entry.pointee.word, count <= 8 || ByteHash.areEqual(word, known, longCount: count)
        else { return nil }
        return (Int(entry.pointee.start), Int(entry.pointee.count))
    }

    /// Remembers a word in place of another.
    @inline(__always)
    mutating func insert(_ word: UnsafePointer<UInt8>, count: Int, key: UInt64, seed: UInt64, tokens: Range<Int>) {
        guard tokens.upperBound <= Int(UInt32.max) else { return }
        entries[ByteHash.slot(key, count: count, seed: seed, shift: shift)] = Entry(
            key: key,
            word: word,
            length: UInt32(truncatingIfNeeded: count),
            generation: generation,
            start: UInt32(truncatingIfNeeded: tokens.lowerBound),
            count: UInt32(truncatingIfNeeded: tokens.count)
        )
    }
}
