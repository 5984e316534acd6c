import QwenGrammar
import QwenJSON
import QwenTokenizer

/// Constraints: a JSON Schema, a regular expression after a slash, or a grammar after an equals sign; and, after a zero byte, a text
/// that is held to it.
///
/// What the mask allows is accepted, and a text goes into the matcher as far as it goes into the automaton.
enum ConstraintTarget {
    private nonisolated(unsafe) static var vocabulary: TokenVocabulary?
    private static let limits = ConstraintLimits(
        maximumNodes: 500,
        maximumDepth: 32,
        maximumAlternatives: 32,
        maximumStates: 20_000,
        maximumWork: 50_000
    )

    static func prepare() {
        vocabulary = smallVocabulary()
        precondition(vocabulary != nil)
    }

    static func run(_ input: UnsafeRawBufferPointer) {
        let sections = Sections(input)
        let constraint: Constraint
        switch sections[0].first {
        case UInt8(ascii: "/"): constraint = .regex(String(decoding: sections[0].dropFirst(), as: UTF8.self))
        case UInt8(ascii: "="): constraint = .grammar(String(decoding: sections[0].dropFirst(), as: UTF8.self))
        default:
            guard let schema = try? JSONValue(parsing: sections[0]) else { return }
            constraint = .jsonSchema(schema)
        }
        guard let compiled = try? CompiledConstraint(constraint, limits: limits), let vocabulary else { return }
        let text = sections[1].prefix(64)
        let isAccepted = compiled.accepts(text)
        let matcher = ConstraintMatcher(compiled, vocabulary: vocabulary)
        var isPossible = true
        for byte in text where isPossible {
            let mask = matcher.allowedTokens()
            isPossible = matcher.accept(bytes: [byte])
            // Of a schema's, names and elements that repeat are refused later.
            if case .regex = constraint {
                precondition(isPossible == mask.contains(Int(byte)), "Mask and automaton disagree.")
            }
            _ = matcher.forcedTokens()
        }
        precondition((isPossible && matcher.acceptsEnd) == isAccepted, "Matcher and automaton disagree.")
    }

    /// The bytes, each the token of that number, and some words.
    private static func smallVocabulary() -> TokenVocabulary? {
        // GPT-2's alphabet for bytes, in which vocabularies are written.
        var next: UInt32 = 256
        let letters = (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 33...126, 161...172, 174...255: return String(Unicode.Scalar(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next).map { String($0) } ?? ""
            }
        }
        let words = ["true", "false", "null", "\"a\":", "\",\"", "{\"", "\"}", "12", "ab"]
        let tokens = (letters + words).enumerated().map { (token: $0.element, id: $0.offset) }
        let tokenizer = try? Tokenizer(tokens: tokens, addedTokens: [], merges: [], preTokenizer: .qwen2)
        return tokenizer.map(TokenVocabulary.init)
    }
}
