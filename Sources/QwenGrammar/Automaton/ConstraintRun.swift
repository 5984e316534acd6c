/// A text that is being held to a constraint, byte by byte.
struct ConstraintRun {
    let automaton: ConstraintAutomaton
    private(set) var configuration: Int32
    private(set) var trace: JSONTrace?

    init(_ constraint: CompiledConstraint) {
        self.init(ConstraintAutomaton(constraint.graph))
    }

    init(_ automaton: ConstraintAutomaton) {
        self.automaton = automaton
        configuration = automaton.start
        if automaton.graph.isJSON { trace = JSONTrace(tracksElements: automaton.graph.hasUniqueArrays) }
    }

    /// Whether the text may end here.
    var acceptsEnd: Bool { configuration >= 0 && automaton.accepts(configuration) }

    /// Takes a byte; false where the constraint refuses it, after which nothing more can be taken.
    mutating func append(_ byte: UInt8) -> Bool {
        guard configuration >= 0 else { return false }
        var next = automaton.step(configuration, byte)
        if next >= 0, trace != nil {
            switch trace?.append(byte) {
            case .repeatedName: next = ConstraintAutomaton.dead
            case .repeatedElementBefore:
                let distinct = withoutUnique(configuration)
                next = distinct < 0 ? distinct : automaton.step(distinct, byte)
            case .repeatedElement: next = withoutUnique(next)
            case .some(.none), nil: break
            }
        }
        configuration = next
        return next >= 0
    }

    /// Takes bytes, all of them or none.
    ///
    /// - Returns: whether the constraint allows them.
    mutating func append(contentsOf bytes: [UInt8]) -> Bool {
        let before = configuration
        let length = trace?.bytes.count ?? 0
        for byte in bytes where !append(byte) {
            configuration = before
            // Repetitions are refused now and then only; the text is gone through again then.
            if let text = trace?.bytes.prefix(length) {
                trace = JSONTrace(tracksElements: automaton.graph.hasUniqueArrays)
                for byte in text { _ = trace?.append(byte) }
            }
            return false
        }
        return true
    }

    /// Drops the threads whose element stands directly in an array that must be unique.
    private func withoutUnique(_ configuration: Int32) -> Int32 {
        let threads = automaton.configurations[Int(configuration)]
        let kept = threads.filter { thread in
            guard thread.frame >= 0, case let frame = automaton.frames[Int(thread.frame)], frame.kind == .array else {
                return true
            }
            return !automaton.graph.arrays[Int(frame.shape)].isUnique
        }
        return kept.count == threads.count ? configuration : automaton.number(of: kept)
    }
}
