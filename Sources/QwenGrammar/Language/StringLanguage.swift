/// A set of strings: what `type`, `enum`, `pattern`, `format`, `minLength` and `maxLength` leave of all strings.
///
/// Lists of strings stay lists and lengths stay numbers as long as they can: an automaton for `maxLength: 100000` or for
/// an enumeration of thousands is made only where nothing simpler will do.
struct StringLanguage: Sendable {
    enum Body: Sendable {
        case all
        /// These strings, each by its bytes.
        case texts(Set<Name>)
        /// All strings but these.
        case allBut(Set<Name>)
        case automaton(ScalarAutomaton)
    }

    var body: Body
    /// The fewest code points.
    var minimum = 0
    /// The most code points.
    var maximum: Int?
    /// What of the set is only approximated from within, and by which keyword: its complement is not known.
    var approximation: String?

    static let all = StringLanguage(body: .all)
    static let none = StringLanguage(body: .texts([]))

    /// The longest length that is turned into an automaton.
    private static let longestUnrolledLength = 4_096

    static func texts(_ texts: some Sequence<Name>) -> StringLanguage { StringLanguage(body: .texts(Set(texts))) }

    var isAll: Bool {
        if case .all = body, minimum == 0, maximum == nil { return true }
        return false
    }

    var isEmpty: Bool {
        if let maximum, maximum < minimum { return true }
        switch body {
        case .texts(let texts): return texts.isEmpty
        case .automaton(let automaton):
            if automaton.isEmpty { return true }
            guard minimum > 0 || maximum != nil else { return false }
            if maximum == nil, automaton.isUniversal { return false }
            // Unknown lengths of a known language: settled when it is compiled.
            return (try? unrolled().isEmpty) ?? false
        case .all, .allBut: return false
        }
    }

    private func isLengthAllowed(_ text: Name) -> Bool {
        guard minimum > 0 || maximum != nil else { return true }
        let length = text.scalarCount
        return length >= minimum && length <= (maximum ?? .max)
    }

    func contains(_ text: Name) -> Bool {
        guard isLengthAllowed(text) else { return false }
        switch body {
        case .all: return true
        case .texts(let texts): return texts.contains(text)
        case .allBut(let texts): return !texts.contains(text)
        case .automaton(let automaton): return automaton.accepts(text.string.unicodeScalars)
        }
    }

    /// The body, the lengths not looked at, as an automaton.
    private func automaton() throws(LanguageError) -> ScalarAutomaton {
        switch body {
        case .all: .all
        case .texts(let texts): try .texts(texts.map(\.string))
        case .allBut(let texts): try ScalarAutomaton.texts(texts.map(\.string)).complement
        case .automaton(let automaton): automaton
        }
    }

    /// The whole language as an automaton, lengths included.
    func unrolled() throws(LanguageError) -> ScalarAutomaton {
        guard minimum > 0 || maximum != nil else { return try automaton() }
        guard max(minimum, maximum ?? 0) <= Self.longestUnrolledLength else {
            throw .tooManyStates(limit: Self.longestUnrolledLength)
        }
        return try automaton().intersection(.lengths(minimum, maximum))
    }

    func intersection(_ other: StringLanguage) throws(LanguageError) -> StringLanguage {
        if isAll { return other }
        if other.isAll { return self }
        var result = StringLanguage(body: .all)
        result.approximation = approximation ?? other.approximation
        if case .texts(let texts) = body {
            result.body = .texts(texts.filter { contains($0) && other.contains($0) })
            return result
        }
        if case .texts = other.body { return try other.intersection(self) }
        result.minimum = max(minimum, other.minimum)
        result.maximum = [maximum, other.maximum].compactMap { $0 }.min()
        switch (body, other.body) {
        case (.all, let rest), (let rest, .all): result.body = rest
        case (.allBut(let mine), .allBut(let theirs)): result.body = .allBut(mine.union(theirs))
        case (.automaton(let mine), .automaton(let theirs)) where mine == theirs: result.body = body
        default: result.body = .automaton(try automaton().intersection(other.automaton()))
        }
        if let maximum = result.maximum, maximum < result.minimum { return .none }
        return result
    }

    func union(_ other: StringLanguage) throws(LanguageError) -> StringLanguage {
        if isAll || other.isEmpty { return self }
        if other.isAll || isEmpty { return other }
        let approximation = approximation ?? other.approximation
        if case .texts(let mine) = body, case .texts(let theirs) = other.body {
            let mine = mine.filter(isLengthAllowed)
            let theirs = theirs.filter(other.isLengthAllowed)
            return StringLanguage(body: .texts(mine.union(theirs)), approximation: approximation)
        }
        let automaton = try unrolled().union(other.unrolled())
        return StringLanguage(body: automaton.isUniversal ? .all : .automaton(automaton), approximation: approximation)
    }

    func complement() throws(LanguageError) -> StringLanguage {
        if let approximation { throw .inexact(approximation) }
        if minimum == 0, maximum == nil {
            switch body {
            case .all: return .none
            case .texts(let texts): return texts.isEmpty ? .all : StringLanguage(body: .allBut(texts))
            case .allBut(let texts): return .texts(texts)
            case .automaton(let automaton): return StringLanguage(body: .automaton(automaton.complement))
            }
        }
        if case .all = body {
            // Shorter or longer: one of both only stays a pair of numbers.
            if maximum == nil { return StringLanguage(body: .all, maximum: minimum - 1) }
            if minimum == 0, let maximum { return StringLanguage(body: .all, minimum: maximum + 1) }
        }
        return StringLanguage(body: .automaton(try unrolled().complement))
    }
}

/// A string that is compared byte by byte, as JSON's keys are.
struct Name: Hashable, Comparable, Sendable, CustomStringConvertible {
    let string: String

    init(_ string: String) { self.string = string }

    var scalarCount: Int { string.unicodeScalars.count }
    var description: String { string }

    static func == (left: Name, right: Name) -> Bool { left.string.utf8.elementsEqual(right.string.utf8) }

    static func < (left: Name, right: Name) -> Bool { left.string.utf8.lexicographicallyPrecedes(right.string.utf8) }

    func hash(into hasher: inout Hasher) {
        var string = string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
