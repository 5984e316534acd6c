/// What a model's output says, piece by piece.
public enum OutputEvent: Sendable, Hashable {
    /// More of the reasoning before the answer, without the tags and newlines that set it off.
    case thinking(String)
    /// More of the answer.
    case text(String)
}
