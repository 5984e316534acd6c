/// The merges that are possible, the lowest rank first and the leftmost of equals: a binary heap of packed integers.
struct CandidateHeap {
    /// Rank in the upper 22 bits, position in the lower 42.
    private var entries: [UInt64] = []

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Adds a candidate without keeping the order; ``arrange()`` makes it good.
    mutating func append(rank: UInt32, position: Int) { entries.append(Self.entry(rank, position)) }

    /// Puts the candidates in order.
    ///
    /// - Complexity: O(number of candidates)
    mutating func arrange() {
        entries.withUnsafeMutableBufferPointer { entries in
            for position in stride(from: entries.count / 2 - 1, through: 0, by: -1) {
                Self.sink(entries[position], from: position, in: entries)
            }
        }
    }

    /// Adds a candidate.
    ///
    /// - Complexity: O(log of the number of candidates)
    mutating func push(rank: UInt32, position: Int) {
        let entry = Self.entry(rank, position)
        entries.append(entry)
        entries.withUnsafeMutableBufferPointer { entries in
            var place = entries.count &- 1
            while place > 0 {
                let parent = (place &- 1) / 2
                if entries[parent] <= entry { break }
                entries[place] = entries[parent]
                place = parent
            }
            entries[place] = entry
        }
    }

    /// Takes the first candidate.
    ///
    /// - Complexity: O(log of the number of candidates)
    mutating func popFirst() -> (rank: UInt32, position: Int)? {
        guard let last = entries.popLast() else { return nil }
        let first = entries.withUnsafeMutableBufferPointer { entries -> UInt64 in
            guard let first = entries.first else { return last }
            Self.sink(last, from: 0, in: entries)
            return first
        }
        return (UInt32(truncatingIfNeeded: first &>> 42), Int(truncatingIfNeeded: first & (1 &<< 42 &- 1)))
    }

    @inline(__always)
    private static func entry(_ rank: UInt32, _ position: Int) -> UInt64 {
        UInt64(rank) &<< 42 | UInt64(truncatingIfNeeded: position)
    }

    @inline(__always)
    private static func sink(_ entry: UInt64, from start: Int, in entries: UnsafeMutableBufferPointer<UInt64>) {
        var place = start
        while true {
            var child = 2 &* place &+ 1
            if child >= entries.count { break }
            if child &+ 1 < entries.count, entries[child &+ 1] < entries[child] { child &+= 1 }
            if entry <= entries[child] { break }
            entries[place] = entries[child]
            place = child
        }
        entries[place] = entry
    }
}
