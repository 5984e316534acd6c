internal import CQwenKernels

/// One worker's view of the region that it runs: who it is, and how it shares work with the others.
///
/// Every worker of a region must make the same sequence of calls to ``barrier()`` and of loops over
/// ``nextRange(of:chunk:)``.
public struct Worker: ~Copyable {
    private let team: OpaquePointer

    /// Which worker this is, 0 ..< count. Worker 0 is the thread that called ``WorkerPool/run(_:)``.
    public let index: Int

    /// How many workers run this region.
    public let count: Int

    /// The first ticket of the current claiming loop.
    private var firstTicket: UInt64 = 0

    /// A ticket that was drawn but belongs to a later loop.
    private var heldTicket: UInt64?

    init(team: OpaquePointer, index: Int, count: Int) {
        self.team = team
        self.index = index
        self.count = count
    }

    /// Waits until every worker has come here. What any of them wrote before is visible to all of them after.
    public mutating func barrier() {
        qwen_team_barrier(team)
        firstTicket = 0
        heldTicket = nil
    }

    /// This worker's share of 0 ..< n when it is split evenly and once for all.
    ///
    /// - Parameters:
    ///   - n: the number of items.
    ///   - multiple: shares begin at multiples of this; at least 1.
    /// - Returns: a range, perhaps empty.
    /// - Complexity: O(1)
    public func range(of n: Int, multipleOf multiple: Int = 1) -> Range<Int> {
        let groups = (n + multiple - 1) / multiple
        let lower = groups / count * index + min(index, groups % count)
        let upper = lower + groups / count + (index < groups % count ? 1 : 0)
        return min(lower * multiple, n)..<min(upper * multiple, n)
    }

    /// The next piece of 0 ..< n that no other worker has taken; nil when none is left.
    ///
    /// Called in a loop until it returns nil, it shares the pieces by who is free, so that a worker whose CPU is taken
    /// away holds nobody up for longer than one piece. Several such loops may follow one another without a barrier
    /// between them, as long as all workers run the same loops with the same arguments to their end.
    ///
    /// - Parameters:
    ///   - n: the number of items.
    ///   - chunk: the size of a piece, at least 1; the last one may be smaller.
    /// - Returns: a piece that now is this worker's, or nil at the end.
    /// - Complexity: O(1), one atomic addition.
    public mutating func nextRange(of n: Int, chunk: Int) -> Range<Int>? {
        let chunks = UInt64((n + chunk - 1) / chunk)
        let ticket = heldTicket ?? qwen_team_ticket(team)
        guard ticket < firstTicket + chunks else {
            // Tickets are one sequence for all loops up to the next barrier: this one belongs to a later loop.
            heldTicket = ticket
            firstTicket += chunks
            return nil
        }
        heldTicket = nil
        let lower = Int(ticket - firstTicket) * chunk
        return lower..<min(lower + chunk, n)
    }
}
