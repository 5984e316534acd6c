/// A constraint made ready: an automaton that never changes and that any number of texts may be held to.
public struct CompiledConstraint: Sendable {
    let graph: ConstraintGraph

    /// Compiles a constraint.
    ///
    /// - Parameters:
    ///   - constraint: what a text must be.
    ///   - options: how a JSON Schema is read.
    ///   - limits: how much the constraint may ask for.
    /// - Throws: ``ConstraintError`` where the constraint is malformed, asks for something that cannot be enforced while
    ///   a text is produced, has no text that satisfies it, or exceeds a limit.
    public init(
        _ constraint: Constraint,
        options: SchemaOptions = .init(),
        limits: ConstraintLimits = .init()
    ) throws(ConstraintError) {
        switch constraint {
        case .jsonSchema(let schema):
            graph = try SchemaCompiler.compile(schema, options: options, limits: limits)
        case .regex(let pattern):
            let automaton: ByteAutomaton?
            do throws(LanguageError) {
                automaton = ByteAutomaton(try ScalarAutomaton.matchingWhole(pattern), encoding: .raw)
            } catch {
                switch error {
                case .pattern(let pattern, let reason): throw .pattern(pattern, reason: reason)
                case .tooManyStates(let limit): throw .tooComplex(what: "states", limit: limit, path: "#")
                case .inexact(let what): throw .pattern(pattern, reason: what)
                }
            }
            guard let automaton else { throw .unsatisfiable }
            graph = ConstraintGraph(automata: [automaton], start: .text(0), isJSON: false)
        case .choices(let texts):
            guard texts.reduce(0, { $0 + $1.utf8.count }) <= limits.maximumStates else {
                throw .tooComplex(what: "characters in the choices", limit: limits.maximumStates, path: "#")
            }
            guard let automaton = ByteAutomaton(texts: texts, encoding: .raw) else { throw .unsatisfiable }
            graph = ConstraintGraph(automata: [automaton], start: .text(0), isJSON: false)
        case .grammar(let text):
            let (rules, names) = try GrammarParser.parse(text)
            let network = try RuleNetwork(rules, names: names, stateLimit: limits.maximumStates)
            graph = ConstraintGraph(start: .rule, rules: network, isJSON: false)
        }
    }

    /// Whether a whole text satisfies the constraint.
    ///
    /// - Parameter bytes: the text in UTF-8.
    /// - Returns: true where it does.
    /// - Complexity: O(length of the text), once the constraint's states are known.
    public func accepts(_ bytes: some Sequence<UInt8>) -> Bool {
        var run = ConstraintRun(self)
        for byte in bytes {
            if !run.append(byte) { return false }
        }
        return run.acceptsEnd
    }
}
