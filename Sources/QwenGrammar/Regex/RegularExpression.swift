/// The syntax tree of a regular expression of ECMA-262, as far as finite automata go.
indirect enum RegularExpression: Equatable {
    /// The empty text.
    case empty
    /// One code point of a set.
    case set(ScalarSet)
    case sequence([RegularExpression])
    case choice([RegularExpression])
    case repetition(RegularExpression, minimum: Int, maximum: Int?)
    /// `^`
    case start
    /// `$`
    case end
    /// `(?=…)` or `(?!…)`
    case lookahead(RegularExpression, isNegative: Bool)
}
