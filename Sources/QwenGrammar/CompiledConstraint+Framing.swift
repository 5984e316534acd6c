extension CompiledConstraint {
    /// JSON within fixed text: one of several alternatives, each with what stands before and behind its value.
    ///
    /// - Parameter alternatives: constraints on JSON, compiled with the same options, and the text around each.
    /// - Throws: ``ConstraintError/unsatisfiable`` where there is no alternative.
    package init(
        framing alternatives: [(before: String, value: CompiledConstraint, after: String)]
    ) throws(ConstraintError) {
        var graph = ConstraintGraph()
        var choices: [GrammarExpression] = []
        for (before, value, after) in alternatives {
            guard case .value(let start) = value.graph.start else { continue }
            let number = graph.append(value.graph) + start
            graph.whitespace = value.graph.whitespace
            choices.append(.sequence([.text(Array(before.utf8)), .value(number), .text(Array(after.utf8))]))
        }
        graph.start = .rule
        graph.rules = try RuleNetwork([.choice(choices)], stateLimit: ConstraintLimits().maximumStates)
        self.graph = graph
    }
}
