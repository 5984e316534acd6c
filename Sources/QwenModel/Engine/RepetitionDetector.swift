/// Tells whether the newest tokens of a sequence are periodic.
///
/// A table says where the last few tokens stood before; the distance is a candidate for the period, and from then on each
/// token is compared with the one a period before it. The table's entries are checked against the tokens themselves, so
/// that there are no false alarms.
///
/// - Complexity: O(1) for each token, and no allocation after `init`.
package struct RepetitionDetector {
    /// Whether the newest tokens fulfil the description of a loop.
    package private(set) var isInLoop = false

    private let repetitions: Int
    private let minimumTokens: Int

    /// The newest tokens, a ring.
    private var ring: [Int32]
    private var count = 0
    /// For a hash of `keyLength` tokens, the count of tokens at the end of their latest occurrence.
    private var table: [Int]
    /// The supposed period, 0 for none.
    private var period = 0
    /// How many of the newest tokens equal the one a period before.
    private var matches = 0

    /// Tokens that must recur before a period is supposed.
    private static let keyLength = 4
    /// Tokens remembered, a power of two: loops whose repetitions are longer together are not found.
    private static let window = 1 << 14

    package init(_ detection: LoopDetection) {
        repetitions = min(max(2, detection.repetitions), 1024)
        minimumTokens = min(max(16, detection.minimumTokens), Self.window / 2)
        ring = [Int32](repeating: 0, count: Self.window)
        table = [Int](repeating: 0, count: Self.window)
    }

    package mutating func append(_ token: Int) {
        let newest = Int32(truncatingIfNeeded: token)
        if period > 0 {
            if self[back: period - 1] == newest {
                matches += 1
            } else {
                period = 0
                matches = 0
            }
        }
        ring[count & (Self.window - 1)] = newest
        count += 1
        guard count >= Self.keyLength else { return }
        let slot = newestKeySlot
        if period == 0 { supposePeriod(from: table[slot]) }
        table[slot] = count
        isInLoop =
            period > 0 && matches >= (repetitions - 1) * period && matches + period >= minimumTokens
    }

    /// The token `distance` before the newest in the ring.
    private subscript(back distance: Int) -> Int32 {
        ring[(count - 1 - distance) & (Self.window - 1)]
    }

    private var newestKeySlot: Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for distance in 0..<Self.keyLength {
            hash = (hash ^ UInt64(UInt32(bitPattern: self[back: distance]))) &* 0x0000_0100_0000_01B3
        }
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) & UInt64(Self.window - 1))
    }

    private mutating func supposePeriod(from earlier: Int) {
        let distance = count - earlier
        guard earlier >= Self.keyLength, distance <= Self.window / 2 else { return }
        for position in 0..<Self.keyLength where self[back: position] != self[back: position + distance] { return }
        period = distance
        matches = Self.keyLength
    }
}
