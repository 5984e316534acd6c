/// Reads ECMA-262's pattern syntax, in its tolerant form (Annex B) where the strict one refuses a harmless escape.
struct RegularExpressionParser {
    private let pattern: String
    private let scalars: [UInt32]
    private var position = 0
    private var depth = 0

    /// How deep groups may nest.
    static let maximumDepth = 100
    /// The largest count in `{n,m}`.
    static let largestRepetition = 10_000

    init(_ pattern: String) {
        self.pattern = pattern
        scalars = pattern.unicodeScalars.map(\.value)
    }

    static func parse(_ pattern: String) throws(LanguageError) -> RegularExpression {
        var parser = RegularExpressionParser(pattern)
        let tree = try parser.choice()
        guard parser.position == parser.scalars.count else { throw parser.failure("unmatched )") }
        return tree
    }

    private func failure(_ reason: String) -> LanguageError { .pattern(pattern, reason: reason) }

    private var current: Unicode.Scalar? {
        position < scalars.count ? Unicode.Scalar(scalars[position]) : nil
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars.map(\.value)
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    private mutating func choice() throws(LanguageError) -> RegularExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw failure("groups nest deeper than \(Self.maximumDepth)") }
        var alternatives = [try sequence()]
        while take("|") { alternatives.append(try sequence()) }
        return alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
    }

    private mutating func sequence() throws(LanguageError) -> RegularExpression {
        var parts: [RegularExpression] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let atom = try atom()
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func quantified(_ atom: RegularExpression) throws(LanguageError) -> RegularExpression {
        var atom = atom
        var isFirst = true
        while let scalar = current {
            let bounds: (Int, Int?)
            switch scalar {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let counted = try repetitionBounds() else { return atom }
                bounds = counted
                position -= 1
            default: return atom
            }
            position += 1
            guard isFirst else { throw failure("nothing to repeat") }
            isFirst = false
            // Laziness changes which match is found, not whether there is one.
            _ = take("?")
            switch atom {
            case .start, .end, .lookahead: throw failure("nothing to repeat")
            default: atom = .repetition(atom, minimum: bounds.0, maximum: bounds.1)
            }
        }
        return atom
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; nil, having read nothing, where the brace stands for itself.
    private mutating func repetitionBounds() throws(LanguageError) -> (Int, Int?)? {
        let start = position
        position += 1
        guard let minimum = number() else {
            position = start
            return nil
        }
        var maximum: Int? = minimum
        if take(",") { maximum = number() }
        guard take("}") else {
            position = start
            return nil
        }
        guard minimum <= Self.largestRepetition, (maximum ?? 0) <= Self.largestRepetition else {
            throw failure("a count exceeds \(Self.largestRepetition)")
        }
        guard (maximum ?? .max) >= minimum else { throw failure("counts out of order") }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1 << 40)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(LanguageError) -> RegularExpression {
        guard let scalar = current else { return .empty }
        switch scalar {
        case "^":
            position += 1
            return .start
        case "$":
            position += 1
            return .end
        case ".":
            position += 1
            return .set(ScalarSet.lineTerminators.inverted)
        case "(":
            position += 1
            return try group()
        case "[":
            position += 1
            return .set(try characterClass())
        case "\\":
            position += 1
            return try escape()
        case "*", "+", "?":
            throw failure("nothing to repeat")
        default:
            if scalar == "{" {
                let start = position
                if try repetitionBounds() != nil { throw failure("nothing to repeat") }
                position = start
            }
            position += 1
            return .set(ScalarSet(scalar.value))
        }
    }

    private mutating func group() throws(LanguageError) -> RegularExpression {
        var lookahead: Bool?
        if take("?") {
            if take(":") {
            } else if take("=") {
                lookahead = false
            } else if take("!") {
                lookahead = true
            } else if take("<=") || take("<!") {
                throw failure("looks behind")
            } else if take("<") || take("P<") {
                while let scalar = current, scalar != ">" {
                    guard scalar.properties.isAlphabetic || scalar.value == 95 || ("0"..."9").contains(scalar) else {
                        throw failure("malformed group name")
                    }
                    position += 1
                }
                guard take(">") else { throw failure("malformed group name") }
            } else {
                throw failure("unknown group")
            }
        }
        let body = try choice()
        guard take(")") else { throw failure("a group is not closed") }
        return lookahead.map { .lookahead(body, isNegative: $0) } ?? body
    }

    private mutating func escape() throws(LanguageError) -> RegularExpression {
        guard let scalar = current else { throw failure("ends in a backslash") }
        switch scalar {
        case "b", "B": throw failure("asks for word boundaries")
        case "1"..."9": throw failure("refers back to a group")
        case "k": throw failure("refers back to a group")
        default: return .set(try escapedSet())
        }
    }

    /// Reads what follows a backslash, in a class or outside of one.
    private mutating func escapedSet() throws(LanguageError) -> ScalarSet {
        guard let scalar = current else { throw failure("ends in a backslash") }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return ScalarSet.wordCharacters.inverted
        case "s": return .whitespace
        case "S": return ScalarSet.whitespace.inverted
        case "t": return ScalarSet(0x09)
        case "n": return ScalarSet(0x0A)
        case "v": return ScalarSet(0x0B)
        case "f": return ScalarSet(0x0C)
        case "r": return ScalarSet(0x0D)
        case "0": return ScalarSet(0)
        case "c":
            guard let letter = current, letter.isASCII, letter.properties.isAlphabetic else {
                throw failure("malformed \\c")
            }
            position += 1
            return ScalarSet(letter.value % 32)
        case "x": return ScalarSet(try hexadecimal(digits: 2))
        case "u":
            if take("{") {
                var value: UInt32 = 0
                var count = 0
                while let digit = current, let number = Self.hexDigit(digit) {
                    value = min(value * 16 + number, ScalarSet.last + 1)
                    count += 1
                    position += 1
                }
                guard count > 0, value <= ScalarSet.last, take("}") else { throw failure("malformed \\u") }
                return ScalarSet(value)
            }
            let unit = try hexadecimal(digits: 4)
            if (0xD800...0xDBFF).contains(unit), take("\\u") {
                let low = try hexadecimal(digits: 4)
                guard (0xDC00...0xDFFF).contains(low) else { throw failure("half of a surrogate pair") }
                return ScalarSet(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            }
            guard !(0xD800...0xDFFF).contains(unit) else { throw failure("half of a surrogate pair") }
            return ScalarSet(unit)
        case "p", "P":
            guard take("{") else { throw failure("malformed \\p") }
            var name = ""
            while let letter = current, letter != "}" {
                name.unicodeScalars.append(letter)
                position += 1
            }
            guard take("}"), let set = ScalarSet.category(name) else { throw failure("unknown property \(name)") }
            return scalar == "p" ? set : set.inverted
        default:
            // `\-`, `\.`, and, by Annex B, any letter without a meaning, stand for themselves. Letters are refused: they
            // mean something elsewhere (`\Z`, `\A`), and a pattern must not be taken for another.
            guard !(scalar.isASCII && scalar.properties.isAlphabetic) else {
                throw failure("unknown escape \\\(scalar)")
            }
            return ScalarSet(scalar.value)
        }
    }

    private mutating func hexadecimal(digits: Int) throws(LanguageError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let scalar = current, let digit = Self.hexDigit(scalar) else { throw failure("malformed escape") }
            value = value * 16 + digit
            position += 1
        }
        return value
    }

    private static func hexDigit(_ scalar: Unicode.Scalar) -> UInt32? {
        switch scalar {
        case "0"..."9": scalar.value - 48
        case "a"..."f": scalar.value - 87
        case "A"..."F": scalar.value - 55
        default: nil
        }
    }

    private mutating func characterClass() throws(LanguageError) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while let scalar = current, scalar != "]" {
            let first = try classAtom()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != 93 else {
                ranges += first.ranges
                continue
            }
            position += 1
            let second = try classAtom()
            if let low = Self.single(first), let high = Self.single(second) {
                guard low <= high else { throw failure("a range is out of order") }
                ranges.append(low...high)
            } else {
                // `[\w-.]`: by Annex B the hyphen stands for itself beside a class.
                ranges += first.ranges + second.ranges + [45...45]
            }
        }
        guard take("]") else { throw failure("a class is not closed") }
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func classAtom() throws(LanguageError) -> ScalarSet {
        guard let scalar = current else { throw failure("a class is not closed") }
        position += 1
        guard scalar == "\\" else { return ScalarSet(scalar.value) }
        if take("b") { return ScalarSet(0x08) }
        if let digit = current, ("1"..."9").contains(digit) { throw failure("unknown escape \\\(digit)") }
        return try escapedSet()
    }

    private static func single(_ set: ScalarSet) -> UInt32? {
        guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1 else { return nil }
        return range.lowerBound
    }
}
