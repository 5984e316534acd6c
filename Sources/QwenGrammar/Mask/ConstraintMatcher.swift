internal import QwenJSON
internal import QwenTokenizer

/// Holds one text to a constraint while a model produces it, token by token.
///
/// ```swift
/// let matcher = ConstraintMatcher(constraint, vocabulary: .qwen)
/// while !matcher.isComplete {
///     let token = choose(among: matcher.allowedTokens())
///     matcher.accept(token)
/// }
/// ```
///
/// A matcher belongs to one text and one thread; what it works out is remembered for the next one that
/// ``startAgain()`` begins.
public final class ConstraintMatcher {
    /// The vocabulary.
    public let vocabulary: TokenVocabulary
    private let automaton: ConstraintAutomaton
    private let masks: MaskComputation
    private var run: ConstraintRun
    private let hasUniqueArrays: Bool
    /// For automata that were asked about, how many texts can follow each state.
    private var completionCounts: [Int32: [Int]] = [:]

    /// Begins a text.
    ///
    /// - Parameters:
    ///   - constraint: what the text must be.
    ///   - vocabulary: the model's tokens.
    public init(_ constraint: CompiledConstraint, vocabulary: TokenVocabulary) {
        self.vocabulary = vocabulary
        automaton = ConstraintAutomaton(constraint.graph)
        masks = MaskComputation(automaton, vocabulary: vocabulary)
        run = ConstraintRun(automaton)
        hasUniqueArrays = constraint.graph.hasUniqueArrays
    }

    /// Begins another text that is held to the same constraint.
    public func startAgain() { run = ConstraintRun(automaton) }

    /// Whether the text may end here.
    public var acceptsEnd: Bool { run.acceptsEnd }

    /// Whether the text must end here.
    public var isComplete: Bool {
        run.acceptsEnd && !(UInt8.min...UInt8.max).contains { automaton.step(run.configuration, $0) >= 0 }
    }

    /// The tokens that may come next: after each of them the text can still be completed.
    ///
    /// A token that repeats a member's name or an element of a unique array is in the set nevertheless where the repetition
    /// lies within the token as a whole and there are many others; ``accept(_:)`` refuses it.
    ///
    /// - Returns: a set of ids; empty where the text must end.
    /// - Complexity: O(size of the vocabulary / 64) in states that were met before.
    public func allowedTokens() -> TokenMask {
        var mask = masks.mask(run.configuration)
        removeRepetitions(from: &mask)
        if hasUniqueArrays, run.holdsElements, mask.count <= Self.mostTokensTried {
            for id in mask.ids where !canBeTaken(id) { mask.remove(Int32(id)) }
        }
        return mask
    }

    /// Up to this many tokens are tried one by one in a unique array.
    private static let mostTokensTried = 32

    private func canBeTaken(_ token: Int) -> Bool {
        let before = run
        defer { run = before }
        return accept(token)
    }

    /// Takes the next token.
    ///
    /// - Parameter token: its id.
    /// - Returns: false where the constraint refuses it; the text is as before then.
    public func accept(_ token: Int) -> Bool {
        guard let bytes = try? vocabulary.tokenizer.bytes(of: token) else { return false }
        guard hasUniqueArrays else { return run.append(contentsOf: bytes) }
        let before = run
        guard run.append(contentsOf: bytes) else { return false }
        if run.canBecomeUnique() { return true }
        run = before
        return false
    }

    /// Takes bytes.
    ///
    /// - Parameter bytes: they need not be whole characters.
    /// - Returns: false where the constraint refuses them; the text is as before then.
    public func accept(bytes: [UInt8]) -> Bool { run.append(contentsOf: bytes) }

    // MARK: Forced tokens

    /// The longest run of bytes that is looked for.
    private static let longestForcedRun = 512
    /// How many bytes before the end of a forced run a token may begin that reaches beyond it.
    private static let longestOverlap = 24

    /// The tokens that come next because nothing else can, in the form that the tokenizer gives their text.
    ///
    /// The last of them are held back where a token of the vocabulary reaches beyond what is forced: the model must be
    /// free to choose that one, as it would without a constraint.
    ///
    /// - Returns: the ids, often none. They have not been taken yet.
    /// - Complexity: O(number of bytes)
    public func forcedTokens() -> [Int] {
        var configuration = run.configuration
        var bytes: [UInt8] = []
        while bytes.count < Self.longestForcedRun, let byte = automaton.forcedByte(configuration) {
            bytes.append(byte)
            configuration = automaton.step(configuration, byte)
        }
        guard bytes.count > 1 else { return [] }
        var tokens = vocabulary.tokenizer.encode(utf8: bytes, addedTokens: .disabled)
        guard configuration >= 0 else { return [] }
        let isEnd = automaton.accepts(configuration)
        var length = bytes.count
        if !isEnd || masks.mask(configuration).count > 0 {
            for start in max(0, bytes.count - Self.longestOverlap)..<bytes.count
            where reachesBeyond(bytes[start...], configuration) {
                length = start
                break
            }
        }
        // A run may end within a character; the encoder would have replaced it.
        var ends = 0
        var kept: [Int] = []
        for token in tokens {
            guard let text = try? vocabulary.tokenizer.bytes(of: token) else { break }
            guard ends + text.count <= length, bytes[ends..<ends + text.count].elementsEqual(text) else { break }
            ends += text.count
            kept.append(token)
        }
        tokens = kept
        return tokens
    }

    /// Whether a token begins with a text and goes on with what a configuration allows.
    private func reachesBeyond(_ text: ArraySlice<UInt8>, _ configuration: Int32) -> Bool {
        let trie = vocabulary.trie
        var node: Int?
        for byte in text {
            guard let child = trie.child(of: node, over: byte) else { return false }
            node = child
        }
        guard let node else { return false }
        var child = node + 1
        while child < Int(trie.nodes[node].end) {
            if automaton.step(configuration, trie.nodes[child].byte) >= 0 { return true }
            child = Int(trie.nodes[child].end)
        }
        return false
    }

    // MARK: Repetitions

    /// Takes out the tokens after which nothing but a repetition could follow.
    private func removeRepetitions(from mask: inout TokenMask) {
        guard let trace = run.trace, let container = trace.containers.last, run.configuration >= 0 else { return }
        let threads = automaton.configurations[Int(run.configuration)]
        if trace.isInString, trace.isName {
            let prefix = Array(trace.bytes[trace.stringStart...])
            // The listed names are looked after by the automaton.
            guard let thread = threads.first(where: { $0.kind == .name && $0.b >= 0 }) else { return }
            let shape = automaton.graph.objects[Int(automaton.frames[Int(thread.frame)].shape)]
            let names = container.names.filter { $0.starts(with: prefix) }
            remove(
                names.map { $0[prefix.count...] },
                shape.unlistedNames,
                state: thread.b,
                head: [],
                from: &mask
            )
            return
        }
        guard !container.isObject, !container.elements.isEmpty, let (string, state, head) = uniqueString(threads) else {
            return
        }
        let prefix = trace.isInString ? Array(trace.bytes[trace.stringStart...]) : []
        var rests: [ArraySlice<UInt8>] = []
        for element in container.elements {
            guard let text = element.string else { continue }
            let bytes = ByteAutomaton.escaped(text)
            if bytes.starts(with: prefix) { rests.append(bytes[prefix.count...]) }
        }
        remove(rests, string, state: state, head: head, from: &mask)
    }

    /// Where all threads are in, or before, one and the same string that is an element of a unique array: its automaton
    /// and state, and the bytes before its text.
    private func uniqueString(_ threads: [ConstraintAutomaton.Thread]) -> (Int32, Int32, [UInt8])? {
        guard threads.count == 1, let thread = threads.first, thread.frame >= 0 else { return nil }
        let frame = automaton.frames[Int(thread.frame)]
        guard frame.kind == .array else { return nil }
        let shape = automaton.graph.arrays[Int(frame.shape)]
        guard shape.isUnique else { return nil }
        switch thread.kind {
        case .string:
            return (automaton.graph.strings[Int(thread.a)].automaton, thread.b, [])
        case .value:
            let string = automaton.graph.values[Int(thread.a)].string
            guard string >= 0 else { return nil }
            return (automaton.graph.strings[Int(string)].automaton, 0, Array((thread.count < 0 ? " \"" : "\"").utf8))
        case .afterElement:
            let choices = shape.choices(at: Int(frame.count))
            guard choices.count == 1, let value = choices.first.map({ automaton.graph.values[Int($0.value)] }),
                value.string >= 0
            else { return nil }
            let head = Array((automaton.graph.whitespace == .spaced ? ", \"" : ",\"").utf8)
            return (automaton.graph.strings[Int(value.string)].automaton, 0, head)
        default:
            return nil
        }
    }

    /// Takes out tokens along texts that must not be repeated: where as many of them begin in some way as texts can, none
    /// is left to be produced.
    private func remove(
        _ rests: [ArraySlice<UInt8>],
        _ number: Int32,
        state: Int32,
        head: [UInt8],
        from mask: inout TokenMask
    ) {
        guard !rests.isEmpty else { return }
        let trie = vocabulary.trie
        let strings = automaton.graph.automata[Int(number)]
        let counts = completionCounts[number] ?? strings.completionCounts()
        completionCounts[number] = counts
        for rest in rests {
            let text = head + rest + [UInt8(ascii: "\"")]
            var node: Int?
            var at = state
            for (index, byte) in text.enumerated() {
                guard let child = trie.child(of: node, over: byte) else { break }
                node = child
                let read = index + 1 - head.count
                // Before the text begins, something else may come in its place.
                guard read > 0 else { continue }
                var isExhausted = read > rest.count
                if read <= rest.count { at = strings.step(at, byte) }
                // A listed name: the automaton looks after those.
                if at < 0 { break }
                if !isExhausted, counts[Int(at)] <= rests.count {
                    let beginning = rest.prefix(read)
                    isExhausted = counts[Int(at)] <= rests.count { $0.starts(with: beginning) }
                }
                if isExhausted {
                    for token in trie.tokensBelow(child) { mask.remove(trie.tokens[token]) }
                    break
                }
            }
        }
    }
}
