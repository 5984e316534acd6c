/// A set of numbers: what `type`, `enum`, `const`, the bounds and `multipleOf` leave of all numbers.
///
/// A number is a text here, and all texts of one value are in the set or none is. Texts with an exponent belong to the
/// set of all numbers only: where values are told apart, numbers are written out in full, as `0.00001`.
struct NumberLanguage: Sendable {
    enum Body: Sendable {
        case all
        case none
        /// Some of the numbers that are written without an exponent.
        case automaton(ScalarAutomaton)
    }

    var body: Body

    static let all = NumberLanguage(body: .all)
    static let none = NumberLanguage(body: .none)

    var isAll: Bool { if case .all = body { true } else { false } }
    var isEmpty: Bool { if case .none = body { true } else { false } }

    private init(body: Body) { self.body = body }

    private init(_ automaton: ScalarAutomaton) {
        body = automaton.isEmpty ? .none : .automaton(automaton)
    }

    func intersection(_ other: NumberLanguage) throws(LanguageError) -> NumberLanguage {
        switch (body, other.body) {
        case (.all, _): other
        case (_, .all): self
        case (.none, _), (_, .none): .none
        case (.automaton(let mine), .automaton(let theirs)):
            mine == theirs ? self : NumberLanguage(try mine.intersection(theirs))
        }
    }

    func union(_ other: NumberLanguage) throws(LanguageError) -> NumberLanguage {
        switch (body, other.body) {
        case (.all, _), (_, .none): self
        case (_, .all), (.none, _): other
        case (.automaton(let mine), .automaton(let theirs)):
            mine == theirs ? self : NumberLanguage(try mine.union(theirs))
        }
    }

    func complement() throws(LanguageError) -> NumberLanguage {
        switch body {
        case .all: return .none
        case .none: return .all
        case .automaton(let automaton):
            return NumberLanguage(try NumberAutomata.decimals.get().intersection(automaton.complement))
        }
    }

    /// Whole numbers, also where they are written as `1.0`.
    static func integers() throws(LanguageError) -> NumberLanguage {
        NumberLanguage(try NumberAutomata.wholes.get())
    }

    /// The numbers from a bound up.
    static func atLeast(_ bound: DecimalText, exclusive: Bool) throws(LanguageError) -> NumberLanguage {
        NumberLanguage(try NumberAutomata.compared(to: bound) { $0 == .more || $0 == .equal && !exclusive })
    }

    /// The numbers up to a bound.
    static func atMost(_ bound: DecimalText, exclusive: Bool) throws(LanguageError) -> NumberLanguage {
        NumberLanguage(try NumberAutomata.compared(to: bound) { $0 == .less || $0 == .equal && !exclusive })
    }

    /// The multiples of a number above 0.
    static func multiples(of divisor: DecimalText) throws(LanguageError) -> NumberLanguage {
        NumberLanguage(try NumberAutomata.multiples(of: divisor))
    }

    /// The texts, as an automaton; with whole numbers written with a fraction (`1.0`) in a set that has whole numbers only
    /// just where asked for.
    func texts(allowsAnyNumberForm: Bool) throws(LanguageError) -> ScalarAutomaton {
        switch body {
        case .all:
            return try allowsAnyNumberForm ? NumberAutomata.numbers.get() : NumberAutomata.plainNumbers.get()
        case .none: return .none
        case .automaton(let automaton):
            if allowsAnyNumberForm { return automaton }
            let wholes = try NumberAutomata.wholes.get()
            guard try automaton.intersection(wholes.complement).isEmpty else {
                let plain = try automaton.intersection(NumberAutomata.plainDecimals.get())
                return plain.isEmpty ? automaton : plain
            }
            let plain = try automaton.intersection(NumberAutomata.plainIntegers.get())
            return plain.isEmpty ? try automaton.intersection(NumberAutomata.wholeDigits.get()) : plain
        }
    }
}

extension NumberLanguage {
    /// The numbers with one of several values.
    static func values(_ values: [DecimalText]) throws(LanguageError) -> NumberLanguage {
        var alternatives: [String] = []
        for value in values {
            let integer = String(decoding: value.integer.map { $0 + 48 }, as: UTF8.self)
            let sign = value.isZero ? "-?" : value.isNegative ? "-" : ""
            if value.fraction.isEmpty {
                alternatives.append(sign + integer + #"(\.0+)?"#)
            } else {
                let fraction = String(decoding: value.fraction.map { $0 + 48 }, as: UTF8.self)
                alternatives.append(sign + integer + #"\."# + fraction + "0*")
            }
        }
        return NumberLanguage(try ScalarAutomaton.matchingWhole(alternatives.joined(separator: "|")))
    }
}
