/// A regular expression for names of modules, as `alpha_pattern` of PEFT's configuration has them.
///
/// What such files use of Python's syntax: characters, `.`, `\.`, `\d`, `\w`, classes, groups, `|`, `*`, `+`, `?`, `^` and `$` at
/// the ends. All alternatives are followed at once, so that no pattern takes longer than its length times the name's.
package struct ModulePattern: Sendable {
    private enum Step: Sendable {
        case byte(Set<UInt8>)
        /// Go on at both places.
        case either(Int, Int)
        case jump(Int)
        case end
    }

    private var program: [Step] = []
    /// Whether the pattern stands for the whole name, rather than for its end from a dot on.
    private let isAnchored: Bool

    /// Far longer than any name, and any pattern for names.
    static let maximumByteCount = 1024

    /// Compiles a pattern; nil where it is malformed or uses other syntax.
    package init?(_ pattern: String) {
        var bytes = Array(pattern.utf8)
        guard bytes.count <= Self.maximumByteCount else { return nil }
        isAnchored = bytes.first == UInt8(ascii: "^")
        if isAnchored { bytes.removeFirst() }
        if bytes.last == UInt8(ascii: "$"), bytes.dropLast().last != UInt8(ascii: "\\") { bytes.removeLast() }
        var parser = Parser(bytes)
        guard let expression = parser.alternatives(depth: 0), parser.isAtEnd else { return nil }
        compile(expression)
        program.append(.end)
    }

    /// Whether PEFT takes the pattern for one of this module.
    ///
    /// - Complexity: O(length of the pattern × length of the name)
    package func matches(_ module: String) -> Bool {
        guard module.utf8.count <= Self.maximumByteCount else { return false }
        var places = closure([0])
        for byte in module.utf8 {
            var next: Set<Int> = []
            for place in places {
                if case .byte(let bytes) = program[place], bytes.contains(byte) { next.insert(place + 1) }
            }
            if !isAnchored, byte == UInt8(ascii: ".") { next.insert(0) }
            places = closure(next)
        }
        return places.contains(program.count - 1)
    }

    /// The places that are reached without a byte.
    private func closure(_ places: Set<Int>) -> Set<Int> {
        var reached: Set<Int> = []
        var open = Array(places)
        while let place = open.popLast() {
            guard reached.insert(place).inserted else { continue }
            switch program[place] {
            case .either(let first, let second): open += [first, second]
            case .jump(let target): open.append(target)
            case .byte, .end: break
            }
        }
        return reached
    }

    private mutating func compile(_ expression: Expression) {
        switch expression {
        case .byte(let bytes): program.append(.byte(bytes))
        case .sequence(let parts): for part in parts { compile(part) }
        case .alternatives(let parts):
            var jumps: [Int] = []
            for part in parts.dropLast() {
                let fork = program.count
                program.append(.end)
                compile(part)
                jumps.append(program.count)
                program.append(.end)
                program[fork] = .either(fork + 1, program.count)
            }
            if let last = parts.last { compile(last) }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repetition(let part, let isOptional, let repeats):
            let start = program.count
            if isOptional { program.append(.end) }
            compile(part)
            if repeats { program.append(.either(start, program.count + 1)) }
            if isOptional { program[start] = .either(start + 1, program.count) }
        }
    }

    private indirect enum Expression {
        case byte(Set<UInt8>)
        case sequence([Expression])
        case alternatives([Expression])
        case repetition(Expression, isOptional: Bool, repeats: Bool)
    }

    private struct Parser {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        var isAtEnd: Bool { rest.isEmpty }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func alternatives(depth: Int) -> Expression? {
            guard depth < 32 else { return nil }
            var parts: [Expression] = []
            repeat {
                var sequence: [Expression] = []
                while let first = rest.first, first != UInt8(ascii: "|"), first != UInt8(ascii: ")") {
                    guard var atom = atom(depth: depth) else { return nil }
                    if take("*") {
                        atom = .repetition(atom, isOptional: true, repeats: true)
                    } else if take("+") {
                        atom = .repetition(atom, isOptional: false, repeats: true)
                    } else if take("?") {
                        atom = .repetition(atom, isOptional: true, repeats: false)
                    }
                    sequence.append(atom)
                }
                parts.append(.sequence(sequence))
            } while take("|")
            return .alternatives(parts)
        }

        private mutating func atom(depth: Int) -> Expression? {
            guard let first = rest.popFirst() else { return nil }
            switch first {
            case UInt8(ascii: "."): return .byte(Set(UInt8.min...UInt8.max))
            case UInt8(ascii: "\\"): return escape().map { .byte($0) }
            case UInt8(ascii: "["): return bracketed().map { .byte($0) }
            case UInt8(ascii: "("):
                // Only groups that capture nothing may have a mark; what is captured is of no use here.
                if take("?"), !take(":") { return nil }
                guard let inner = alternatives(depth: depth + 1), take(")") else { return nil }
                return inner
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"), UInt8(ascii: "^"),
                UInt8(ascii: "$"):
                return nil
            default: return .byte([first])
            }
        }

        private static let digits = Set(UInt8(ascii: "0")...UInt8(ascii: "9"))
        private static let letters = Set(UInt8(ascii: "a")...UInt8(ascii: "z"))
            .union(UInt8(ascii: "A")...UInt8(ascii: "Z"))

        private mutating func escape() -> Set<UInt8>? {
            guard let next = rest.popFirst() else { return nil }
            switch next {
            case UInt8(ascii: "d"): return Self.digits
            case UInt8(ascii: "w"): return Self.digits.union(Self.letters).union([UInt8(ascii: "_")])
            default: return Self.digits.contains(next) || Self.letters.contains(next) ? nil : [next]
            }
        }

        private mutating func bracketed() -> Set<UInt8>? {
            let isNegated = take("^")
            var bytes: Set<UInt8> = []
            var isFirst = true
            while let next = rest.popFirst() {
                if next == UInt8(ascii: "]"), !isFirst {
                    return isNegated ? Set(UInt8.min...UInt8.max).subtracting(bytes) : bytes
                }
                isFirst = false
                if next == UInt8(ascii: "\\") {
                    guard let escaped = escape() else { return nil }
                    bytes.formUnion(escaped)
                } else if rest.first == UInt8(ascii: "-"), let last = rest.dropFirst().first, last != UInt8(ascii: "]")
                {
                    guard last >= next, last != UInt8(ascii: "\\") else { return nil }
                    rest.removeFirst(2)
                    bytes.formUnion(next...last)
                } else {
                    bytes.insert(next)
                }
            }
            return nil
        }
    }
}
