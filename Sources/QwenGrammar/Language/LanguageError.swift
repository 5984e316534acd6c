/// Why a set of texts could not be worked out.
enum LanguageError: Error, Equatable {
    /// The automaton would need more states than this.
    case tooManyStates(limit: Int)
    /// The regular expression is malformed, or uses what no finite automaton can do.
    case pattern(String, reason: String)
    /// The complement of a set that is only known from within was asked for.
    case inexact(String)
}
