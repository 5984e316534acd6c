/// What counts as thinking in circles: the newest tokens are one sequence, repeated.
///
/// A model that is sampled too greedily may fall into such a loop and never leave it. Only exact repetitions count, so that
/// a list of similar lines does not.
public struct LoopDetection: Sendable, Hashable {
    /// How many times a sequence must stand there, one after the other: 2 to 1,024; what lies outside is taken for the
    /// nearest.
    public var repetitions: Int
    /// How many tokens they must cover together, so that "ha ha ha" is no loop yet: 16 to 8,192; what lies outside is taken
    /// for the nearest.
    public var minimumTokens: Int

    /// Describes a loop.
    ///
    /// - Parameters:
    ///   - repetitions: how many times a sequence must stand there.
    ///   - minimumTokens: how many tokens the repetitions must cover together.
    public init(repetitions: Int = 4, minimumTokens: Int = 128) {
        self.repetitions = repetitions
        self.minimumTokens = minimumTokens
    }
}
