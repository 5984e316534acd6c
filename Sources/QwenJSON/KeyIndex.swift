/// A hash table from an object's keys to their positions, by open addressing.
///
/// It holds positions only and is handed the members at every call. The hash is Swift's seeded one, so that nobody can
/// choose keys that collide.
struct KeyIndex: Sendable {
    /// Objects up to this many members have no index: comparing their few keys is as fast.
    static let smallest = 16

    /// Position + 1, or 0 for a free slot; a power of two of them, at most two thirds taken.
    private var slots: [UInt32] = []

    var isEmpty: Bool { slots.isEmpty }

    /// Indexes all members anew and returns the position of the first that repeats an earlier key.
    mutating func rebuild(_ members: [JSONObject.Member]) -> Int? {
        guard members.count > Self.smallest else {
            slots = []
            return nil
        }
        var size = 64
        while size * 2 < members.count * 3 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        for position in members.indices {
            let slot = slot(for: members[position].key, in: members)
            if slots[slot] != 0 { return position }
            slots[slot] = UInt32(truncatingIfNeeded: position + 1)
        }
        return nil
    }

    /// Takes note of the last member, which has a new key.
    mutating func noteAppended(in members: [JSONObject.Member]) {
        if members.count <= Self.smallest { return }
        if members.count * 3 > slots.count * 2 {
            // Twice the room that is needed, so that appending stays O(1) on average.
            _ = rebuild(members)
        } else if let last = members.last {
            slots[slot(for: last.key, in: members)] = UInt32(truncatingIfNeeded: members.count)
        }
    }

    func position(of key: String, in members: [JSONObject.Member]) -> Int? {
        let entry = slots[slot(for: key, in: members)]
        return entry == 0 ? nil : Int(entry) - 1
    }

    /// The slot that holds a key, or the free one where it belongs.
    private func slot(for key: String, in members: [JSONObject.Member]) -> Int {
        var hasher = Hasher()
        hashBytes(of: key, into: &hasher)
        let mask = slots.count - 1
        var slot = hasher.finalize() & mask
        while slots[slot] != 0 {
            if hasSameBytes(members[Int(slots[slot]) - 1].key, key) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }
}

/// Whether two strings hold the same bytes in UTF-8; `String`'s own `==` is canonical equivalence.
func hasSameBytes(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    var left = left
    var right = right
    return left.withUTF8 { left in right.withUTF8 { right in left.elementsEqual(right) } }
}

/// Feeds a string's bytes to a hasher, in accordance with ``hasSameBytes(_:_:)``.
func hashBytes(of string: String, into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(UInt8(0xFF))
}
