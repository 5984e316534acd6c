import Synchronization

/// How often experts were needed, and how often they had to be read: what a limit for them is judged by.
public struct ExpertCounts: Sendable, Hashable {
    /// How often a layer's pass needed an expert, whatever the number of its rows.
    public let used: Int
    /// How often it was not in memory.
    public let read: Int
}

/// Counts on the engine's thread what others may look at.
final class ExpertActivity: Sendable {
    private let used = Atomic<Int>(0)
    private let read = Atomic<Int>(0)

    var counts: ExpertCounts { ExpertCounts(used: used.load(ordering: .relaxed), read: read.load(ordering: .relaxed)) }

    func note(used: Int, read: Int) {
        self.used.add(used, ordering: .relaxed)
        if read > 0 { self.read.add(read, ordering: .relaxed) }
    }
}
