/// The right side of a grammar's rule.
indirect enum GrammarExpression: Equatable {
    case empty
    case text([UInt8])
    /// One character of a set.
    case set(ScalarSet)
    /// What another rule describes, by its number.
    case rule(Int)
    /// JSON that a value of the constraint's graph describes, by its number.
    case value(Int32)
    case sequence([GrammarExpression])
    case choice([GrammarExpression])
    case repetition(GrammarExpression, minimum: Int, maximum: Int?)
}
