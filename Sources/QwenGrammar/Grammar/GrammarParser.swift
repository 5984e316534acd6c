/// Reads a grammar in extended Backus-Naur form.
///
/// ```
/// root  ::= term (("+" | "-") term)*
/// term  ::= [0-9]+ | "(" root ")"      # a comment
/// ```
///
/// A rule is a name, `::=` and alternatives; `root` is where a text begins. Texts stand in quotes with the escapes `\n`,
/// `\r`, `\t`, `\\`, `\"`, `\]`, `\xHH` and `\uHHHH`; sets of characters in brackets, with ranges, `^` for all others; `*`,
/// `+`, `?`, `{n}`, `{n,}` and `{n,m}` repeat what stands before them.
struct GrammarParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var numbers: [String: Int] = [:]
    private var names: [String] = []
    private var rules: [GrammarExpression?] = []

    private static let maximumDepth = 100
    private static let largestRepetition = 1_000
    private static let maximumRules = 1_000

    /// The rules of a grammar; the first is `root`.
    static func parse(_ text: String) throws(ConstraintError) -> (rules: [GrammarExpression], names: [String]) {
        var parser = GrammarParser(text)
        return (try parser.grammar(), parser.names)
    }

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private func failure(_ reason: String) -> ConstraintError {
        let line = scalars[..<min(position, scalars.count)].reduce(1) { $0 + ($1 == "\n" ? 1 : 0) }
        return .grammar(line: line, reason: reason)
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skipSpace() {
        while let scalar = current {
            if scalar == "#" {
                while let scalar = current, scalar != "\n" { position += 1 }
            } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" {
                position += 1
            } else {
                return
            }
        }
    }

    private mutating func number(of name: String) throws(ConstraintError) -> Int {
        if let known = numbers[name] { return known }
        guard names.count < Self.maximumRules else {
            throw .tooComplex(what: "rules", limit: Self.maximumRules, path: "#")
        }
        numbers[name] = names.count
        names.append(name)
        rules.append(nil)
        return names.count - 1
    }

    private mutating func grammar() throws(ConstraintError) -> [GrammarExpression] {
        _ = try number(of: "root")
        skipSpace()
        while current != nil {
            guard let name = takeName() else { throw failure("a rule begins with a name") }
            guard takeDefinition() else { throw failure("::= is missing behind \(name)") }
            let rule = try number(of: name)
            guard rules[rule] == nil else { throw failure("\(name) is defined twice") }
            rules[rule] = try choice()
        }
        var result: [GrammarExpression] = []
        for (name, rule) in zip(names, rules) {
            guard let rule else { throw failure("\(name) is not defined") }
            result.append(rule)
        }
        return result
    }

    private mutating func takeName() -> String? {
        var name = ""
        while let scalar = current, Self.isNameScalar(scalar) {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        skipSpace()
        return name.isEmpty ? nil : name
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_")
    }

    private mutating func takeDefinition() -> Bool {
        guard scalars[position...].starts(with: "::=".unicodeScalars) else { return false }
        position += 3
        skipSpace()
        return true
    }

    private mutating func choice() throws(ConstraintError) -> GrammarExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw failure("groups nest deeper than \(Self.maximumDepth)") }
        var alternatives = [try sequence()]
        while current == "|" {
            position += 1
            skipSpace()
            alternatives.append(try sequence())
        }
        return alternatives.count == 1 ? alternatives[0] : .choice(alternatives)
    }

    private mutating func sequence() throws(ConstraintError) -> GrammarExpression {
        var parts: [GrammarExpression] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            // A name with a definition behind it begins the next rule.
            let start = position
            if takeName() != nil, scalars[position...].starts(with: "::=".unicodeScalars) {
                position = start
                break
            }
            position = start
            parts.append(try repeated(atom()))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom() throws(ConstraintError) -> GrammarExpression {
        defer { skipSpace() }
        switch current {
        case "\"":
            position += 1
            var text: [UInt8] = []
            while let scalar = current, scalar != "\"" { text += Array(String(try character(scalar)).utf8) }
            guard current == "\"" else { throw failure("a text is not closed") }
            position += 1
            return .text(text)
        case "[":
            position += 1
            return .set(try characterClass())
        case "(":
            position += 1
            skipSpace()
            let body = try choice()
            guard current == ")" else { throw failure("a group is not closed") }
            position += 1
            return body
        default:
            guard let name = takeName() else {
                throw failure("unexpected \(current.map { String(Character($0)) } ?? "end")")
            }
            return .rule(try number(of: name))
        }
    }

    private mutating func character(_ scalar: Unicode.Scalar) throws(ConstraintError) -> Character {
        position += 1
        guard scalar == "\\" else { return Character(scalar) }
        guard let escaped = current else { throw failure("ends in a backslash") }
        position += 1
        switch escaped {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "x": return Character(try hexadecimal(2))
        case "u": return Character(try hexadecimal(4))
        case "\\", "\"", "[", "]", "-", "^": return Character(escaped)
        default: throw failure("unknown escape \\\(escaped)")
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(ConstraintError) -> Unicode.Scalar {
        guard position + count <= scalars.count else { throw failure("malformed escape") }
        var digits = ""
        digits.unicodeScalars.append(contentsOf: scalars[position..<position + count])
        guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw failure("malformed escape")
        }
        position += count
        return scalar
    }

    private mutating func characterClass() throws(ConstraintError) -> ScalarSet {
        var isInverted = false
        if current == "^" {
            isInverted = true
            position += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        func value(_ character: Character) -> UInt32 { character.unicodeScalars.first?.value ?? 0 }
        while let scalar = current, scalar != "]" {
            let first = value(try character(scalar))
            var last = first
            if current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                guard let scalar = current else { throw failure("a set is not closed") }
                last = value(try character(scalar))
            }
            guard first <= last else { throw failure("a range is out of order") }
            ranges.append(first...last)
        }
        guard current == "]" else { throw failure("a set is not closed") }
        position += 1
        let set = ScalarSet(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func repeated(_ atom: GrammarExpression) throws(ConstraintError) -> GrammarExpression {
        var atom = atom
        var depth = depth
        while let scalar = current {
            guard depth <= Self.maximumDepth else { throw failure("repetitions nest deeper than \(Self.maximumDepth)") }
            switch scalar {
            case "*": atom = .repetition(atom, minimum: 0, maximum: nil)
            case "+": atom = .repetition(atom, minimum: 1, maximum: nil)
            case "?": atom = .repetition(atom, minimum: 0, maximum: 1)
            case "{":
                position += 1
                guard let minimum = takeNumber() else { throw failure("malformed count") }
                var maximum: Int? = minimum
                if current == "," {
                    position += 1
                    maximum = takeNumber()
                }
                guard current == "}", max(minimum, maximum ?? 0) <= Self.largestRepetition,
                    minimum <= maximum ?? .max
                else { throw failure("malformed count, or one beyond \(Self.largestRepetition)") }
                atom = .repetition(atom, minimum: minimum, maximum: maximum)
            default: return atom
            }
            depth += 1
            position += 1
            skipSpace()
        }
        return atom
    }

    private mutating func takeNumber() -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1 << 40)
            position += 1
        }
        return value
    }
}
