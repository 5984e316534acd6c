/// Automata over the texts of numbers.
enum NumberAutomata {
    enum Order: Hashable { case less, equal, more }

    /// JSON's numbers.
    static let numbers = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"#)
    }
    /// JSON's numbers without an exponent.
    static let decimals = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"-?(0|[1-9][0-9]*)(\.[0-9]+)?"#)
    }
    /// Whole numbers without an exponent.
    static let wholes = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"-?(0|[1-9][0-9]*)(\.0+)?"#)
    }
    /// Whole numbers without a point; zero has no sign.
    static let wholeDigits = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"0|-?[1-9][0-9]*"#)
    }
    /// Whole numbers as they are commonly written: zero has no sign, and there are no more digits than `Int` always holds.
    static let plainIntegers = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"0|-?[1-9][0-9]{0,17}"#)
    }

    /// Numbers without an exponent as they are commonly written: up to 18 digits before the point and 17 behind it, no zero
    /// at their end.
    static let plainDecimals = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"-?(0|[1-9][0-9]{0,17})(\.(0|[0-9]{0,16}[1-9]))?"#)
    }
    /// JSON's numbers as they are commonly written, all of them within the range of `Double`.
    static let plainNumbers = Result { () throws(LanguageError) in
        try ScalarAutomaton.matchingWhole(#"-?(0|[1-9][0-9]{0,17})(\.(0|[0-9]{0,16}[1-9]))?([eE][+-]?[0-9]{1,2})?"#)
    }

    /// One class for each digit, the sign and the point.
    private static let starts: [UInt32] = [0, 45, 46, 47] + (48...58)

    private enum Symbol {
        case digit(UInt8)
        case minus
        case point
        case other
    }

    private static func symbol(_ classIndex: Int) -> Symbol {
        switch starts[classIndex] {
        case 45: .minus
        case 46: .point
        case 48...57: .digit(UInt8(starts[classIndex] - 48))
        default: .other
        }
    }

    /// Where a text stands: JSON's grammar for numbers without an exponent.
    private enum Place: Hashable {
        case start, minus, zero, integer, point, fraction, dead

        func next(_ symbol: Symbol) -> Place {
            switch (self, symbol) {
            case (.start, .minus): .minus
            case (.start, .digit(0)), (.minus, .digit(0)): .zero
            case (.start, .digit), (.minus, .digit), (.integer, .digit): .integer
            case (.zero, .point), (.integer, .point): .point
            case (.point, .digit), (.fraction, .digit): .fraction
            default: .dead
            }
        }

        var isComplete: Bool { self == .zero || self == .integer || self == .fraction }
        var isFraction: Bool { self == .point || self == .fraction }
    }

    private struct Comparison: Hashable {
        var place = Place.start
        var isNegative = false
        /// How many digits of the integer or of the fraction were read; one more than the bound has stands for more.
        var count = 0
        /// How the digits read compare with as many of the bound's.
        var order = Order.equal
        /// Whether a digit other than zero was read.
        var isZero = true
    }

    /// The numbers that compare with a bound in some way.
    ///
    /// The magnitude of the text is compared digit by digit with the bound's: more digits before the point are more,
    /// with equally many the first difference decides.
    static func compared(
        to bound: DecimalText,
        _ isAllowed: (Order) -> Bool
    ) throws(LanguageError) -> ScalarAutomaton {
        try ScalarAutomaton.explore(starts: starts, from: Comparison()) { state, classIndex in
            let symbol = symbol(classIndex)
            let place = state.place.next(symbol)
            guard place != .dead else { return Comparison(place: .dead) }
            var state = state
            state.place = place
            switch symbol {
            case .minus: state.isNegative = true
            case .point:
                if state.count < bound.integer.count { state.order = .less }
                if state.count > bound.integer.count { state.order = .more }
                state.count = 0
            case .digit(let digit):
                if digit != 0 { state.isZero = false }
                let digits = place.isFraction ? bound.fraction : bound.integer
                if state.order == .equal, state.count < digits.count {
                    state.order = digit < digits[state.count] ? .less : digit > digits[state.count] ? .more : .equal
                } else if state.order == .equal, place.isFraction, digit > 0 {
                    state.order = .more
                }
                // Only the number of digits before the point counts, and only up to one more than the bound has.
                if !place.isFraction || state.order == .equal {
                    state.count = min(state.count + 1, digits.count + 1)
                } else {
                    state.count = 0
                }
            case .other: break
            }
            return state
        } label: { state in
            guard state.place.isComplete else { return 0 }
            var magnitude = state.order
            if !state.place.isFraction {
                if state.count < bound.integer.count { magnitude = .less }
                if state.count > bound.integer.count { magnitude = .more }
                if magnitude == .equal, !bound.fraction.isEmpty { magnitude = .less }
            } else if magnitude == .equal, bound.fraction.dropFirst(state.count).contains(where: { $0 != 0 }) {
                magnitude = .less
            }
            let isNegative = state.isNegative && !state.isZero
            let order: Order
            switch (isNegative, bound.isNegative) {
            case (true, false): order = .less
            case (false, true): order = .more
            case (false, false): order = magnitude
            case (true, true): order = magnitude == .less ? .more : magnitude == .more ? .less : .equal
            }
            return isAllowed(order) ? 1 : 0
        }.minimized()
    }

    private struct Remainder: Hashable {
        var place = Place.start
        var rest = 0
        /// Digits read behind the point, up to as many as the divisor has.
        var places = 0
    }

    /// The largest divisor, its point moved behind its last digit.
    private static let largestDivisor = 100_000

    /// The multiples of a divisor: the rest of the digits read so far, divided by it, is the state.
    static func multiples(of divisor: DecimalText) throws(LanguageError) -> ScalarAutomaton {
        var modulus = 0
        for digit in divisor.integer + divisor.fraction {
            modulus = modulus * 10 + Int(digit)
            guard modulus <= largestDivisor else { throw .tooManyStates(limit: largestDivisor) }
        }
        guard modulus > 0 else { return .none }
        let places = divisor.fraction.count
        // 10^n mod m for the digits that are missing at the end.
        let powers = (0...places).reduce(into: [1 % modulus]) { powers, _ in
            powers.append(powers[powers.count - 1] * 10 % modulus)
        }
        return try ScalarAutomaton.explore(starts: starts, from: Remainder()) { state, classIndex in
            let symbol = symbol(classIndex)
            let place = state.place.next(symbol)
            guard place != .dead else { return Remainder(place: .dead) }
            var state = state
            state.place = place
            if case .digit(let digit) = symbol {
                if place.isFraction {
                    if state.places == places {
                        // Beyond the divisor's last place nothing but zeros may follow.
                        return digit == 0 ? state : Remainder(place: .dead)
                    }
                    state.places += 1
                }
                state.rest = (state.rest * 10 + Int(digit)) % modulus
            }
            return state
        } label: { state in
            guard state.place.isComplete else { return 0 }
            return state.rest * powers[places - state.places] % modulus == 0 ? 1 : 0
        }.minimized()
    }
}
