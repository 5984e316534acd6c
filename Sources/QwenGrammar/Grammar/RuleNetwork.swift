/// A grammar's rules as one network of states: edges read bytes, or go through another rule and come back.
struct RuleNetwork: Sendable {
    enum Edge: Sendable, Equatable {
        case free(Int32)
        case bytes(ClosedRange<UInt8>, Int32)
        case call(rule: Int32, back: Int32)
        /// JSON of a value in the constraint's graph, then the state `back`.
        case value(Int32, back: Int32)
        /// The rule ends.
        case finish
    }

    var edges: [[Edge]] = []
    /// The first state of each rule.
    private(set) var starts: [Int32] = []
    private let stateLimit: Int

    /// - Parameters:
    ///   - rules: the grammar; a text begins with the first rule.
    ///   - names: what the rules are called, for errors.
    ///   - stateLimit: the most states.
    /// - Throws: ``ConstraintError`` where a rule begins with itself, which no run from left to right can follow, where
    ///   the grammar is too large, or where it has no text.
    init(_ rules: [GrammarExpression], names: [String] = [], stateLimit: Int) throws(ConstraintError) {
        self.stateLimit = stateLimit
        for rule in rules {
            let start = try state()
            let end = try state()
            edges[Int(end)].append(.finish)
            starts.append(start)
            try add(rule, from: start, to: end)
        }
        if let rule = leftRecursiveRule() {
            let name = rule < names.count ? names[rule] : "\(rule)"
            throw .grammar(line: nil, reason: "\(name) begins with itself; let it repeat or end with itself instead")
        }
        removeDeadEnds()
        guard !edges[Int(starts[0])].isEmpty else { throw .unsatisfiable }
    }

    private mutating func state() throws(ConstraintError) -> Int32 {
        guard edges.count < stateLimit else {
            throw .tooComplex(what: "states of the grammar", limit: stateLimit, path: "#")
        }
        edges.append([])
        return Int32(edges.count - 1)
    }

    private mutating func add(
        _ expression: GrammarExpression,
        from: Int32,
        to: Int32
    ) throws(ConstraintError) {
        switch expression {
        case .empty: edges[Int(from)].append(.free(to))
        case .text(let text): try add(text.map { $0...$0 }, from: from, to: to)
        case .set(let set):
            for range in set.ranges {
                for bytes in UTF8Ranges.sequences(range) { try add(bytes, from: from, to: to) }
            }
        case .rule(let rule): edges[Int(from)].append(.call(rule: Int32(rule), back: to))
        case .value(let value): edges[Int(from)].append(.value(value, back: to))
        case .sequence(let parts):
            var at = from
            for part in parts {
                let next = try state()
                try add(part, from: at, to: next)
                at = next
            }
            edges[Int(at)].append(.free(to))
        case .choice(let parts):
            for part in parts {
                let first = try state()
                edges[Int(from)].append(.free(first))
                try add(part, from: first, to: to)
            }
        case .repetition(let body, let minimum, let maximum):
            var at = from
            for _ in 0..<minimum {
                let next = try state()
                try add(body, from: at, to: next)
                at = next
            }
            if let maximum {
                for _ in minimum..<maximum {
                    edges[Int(at)].append(.free(to))
                    let first = try state()
                    let next = try state()
                    edges[Int(at)].append(.free(first))
                    try add(body, from: first, to: next)
                    at = next
                }
                edges[Int(at)].append(.free(to))
            } else {
                let loop = try state()
                edges[Int(at)].append(.free(loop))
                edges[Int(loop)].append(.free(to))
                let first = try state()
                edges[Int(loop)].append(.free(first))
                try add(body, from: first, to: loop)
            }
        }
    }

    private mutating func add(_ bytes: [ClosedRange<UInt8>], from: Int32, to: Int32) throws(ConstraintError) {
        guard let last = bytes.last else {
            edges[Int(from)].append(.free(to))
            return
        }
        var at = from
        for range in bytes.dropLast() {
            let next = try state()
            edges[Int(at)].append(.bytes(range, next))
            at = next
        }
        edges[Int(at)].append(.bytes(last, to))
    }
}
