extension ScalarAutomaton {
    /// The texts that hold a match of a pattern anywhere, as ECMA-262's `RegExp.prototype.test` and JSON Schema say.
    static func matching(_ pattern: String) throws(LanguageError) -> ScalarAutomaton {
        let tree = try RegularExpressionParser.parse(pattern)
        return try searching(tree, pattern: pattern)
    }

    /// The texts that a pattern matches from end to end.
    static func matchingWhole(_ pattern: String) throws(LanguageError) -> ScalarAutomaton {
        let tree = try RegularExpressionParser.parse(pattern)
        return try searching(.sequence([.start, tree, .end]), pattern: pattern)
    }

    /// Looking ahead is understood where a pattern begins with it, behind `^`: it is an intersection there.
    private static func searching(_ tree: RegularExpression, pattern: String) throws(LanguageError) -> ScalarAutomaton {
        guard case .sequence(var parts) = tree, parts.first == .start else {
            return try Subsets.automaton(for: tree, pattern: pattern)
        }
        var conditions: [(RegularExpression, isNegative: Bool)] = []
        while parts.count > 1, case .lookahead(let body, let isNegative) = parts[1] {
            conditions.append((body, isNegative))
            parts.remove(at: 1)
        }
        var automaton = try Subsets.automaton(for: .sequence(parts), pattern: pattern)
        for (body, isNegative) in conditions {
            let condition = try Subsets.automaton(for: .sequence([.start, body]), pattern: pattern)
            automaton = try automaton.intersection(isNegative ? condition.complement : condition)
        }
        return automaton
    }
}

/// Thompson's construction and the subsets of its states.
private struct Subsets {
    private enum Edge {
        case free(Int32)
        case atStart(Int32)
        case atEnd(Int32)
        case set(Int32, Int32)
    }

    private static let stateLimit = 20_000
    /// Steps from a state over a class, all in all: some tenths of a second.
    private static let workLimit = 30_000_000

    private let pattern: String
    private var edges: [[Edge]] = []
    private var sets: [ScalarSet] = []

    static func automaton(for tree: RegularExpression, pattern: String) throws(LanguageError) -> ScalarAutomaton {
        var subsets = Subsets(pattern: pattern)
        let start = try subsets.state()
        let accept = try subsets.state()
        // A match may begin and end anywhere.
        let all = subsets.number(of: .all)
        let body = try subsets.state()
        subsets.edges[start] += [.free(Int32(body)), .set(all, Int32(start))]
        subsets.edges[accept].append(.set(all, Int32(accept)))
        try subsets.add(tree, from: body, to: accept)
        return try subsets.determinized(start: start, accept: accept)
    }

    private init(pattern: String) { self.pattern = pattern }

    private mutating func state() throws(LanguageError) -> Int {
        guard edges.count < Self.stateLimit else { throw .tooManyStates(limit: Self.stateLimit) }
        edges.append([])
        return edges.count - 1
    }

    private mutating func number(of set: ScalarSet) -> Int32 {
        if let index = sets.firstIndex(of: set) { return Int32(index) }
        sets.append(set)
        return Int32(sets.count - 1)
    }

    private mutating func add(_ tree: RegularExpression, from: Int, to: Int) throws(LanguageError) {
        switch tree {
        case .empty:
            edges[from].append(.free(Int32(to)))
        case .set(let set):
            let number = number(of: set)
            edges[from].append(.set(number, Int32(to)))
        case .start:
            edges[from].append(.atStart(Int32(to)))
        case .end:
            edges[from].append(.atEnd(Int32(to)))
        case .lookahead:
            throw .pattern(pattern, reason: "looks ahead elsewhere than behind the ^ at its beginning")
        case .sequence(let parts):
            var at = from
            for part in parts {
                let next = try state()
                try add(part, from: at, to: next)
                at = next
            }
            edges[at].append(.free(Int32(to)))
        case .choice(let parts):
            for part in parts { try add(part, from: from, to: to, apart: true) }
        case .repetition(let body, let minimum, let maximum):
            var at = from
            for _ in 0..<minimum {
                let next = try state()
                try add(body, from: at, to: next)
                at = next
            }
            if let maximum {
                for _ in minimum..<maximum {
                    edges[at].append(.free(Int32(to)))
                    let next = try state()
                    try add(body, from: at, to: next)
                    at = next
                }
                edges[at].append(.free(Int32(to)))
            } else {
                let loop = try state()
                edges[at].append(.free(Int32(loop)))
                edges[loop].append(.free(Int32(to)))
                let back = try state()
                try add(body, from: loop, to: back)
                edges[back].append(.free(Int32(loop)))
            }
        }
    }

    /// Alternatives get states of their own at both ends: a loop of one must not leak into another.
    private mutating func add(
        _ tree: RegularExpression,
        from: Int,
        to: Int,
        apart: Bool
    ) throws(LanguageError) {
        let first = try state()
        edges[from].append(.free(Int32(first)))
        try add(tree, from: first, to: to)
    }

    private func determinized(start: Int, accept: Int) throws(LanguageError) -> ScalarAutomaton {
        var boundaries: Set<UInt32> = [0]
        for set in sets {
            for range in set.ranges {
                boundaries.insert(range.lowerBound)
                if range.upperBound < ScalarSet.last { boundaries.insert(range.upperBound + 1) }
            }
        }
        let starts = boundaries.sorted()
        let membership = sets.map { set in starts.map { set.contains($0) } }

        var mark = [Int32](repeating: 0, count: edges.count)
        var round: Int32 = 0
        /// The states with something to read, or with the end to wait for, that are reached without reading.
        func closure(of seeds: [Int32], atStart: Bool, atEnd: Bool) -> [Int32] {
            round += 1
            var stack: [Int32] = []
            var found: [Int32] = []
            for seed in seeds where mark[Int(seed)] != round {
                mark[Int(seed)] = round
                stack.append(seed)
            }
            while let state = stack.popLast() {
                var isWaiting = Int(state) == accept
                for edge in edges[Int(state)] {
                    let target: Int32
                    switch edge {
                    case .free(let next): target = next
                    case .atStart(let next) where atStart: target = next
                    case .atEnd(let next) where atEnd: target = next
                    case .atStart: continue
                    case .atEnd, .set:
                        isWaiting = true
                        continue
                    }
                    if mark[Int(target)] != round {
                        mark[Int(target)] = round
                        stack.append(target)
                    }
                }
                if isWaiting { found.append(state) }
            }
            return found.sorted()
        }

        var numbers: [[Int32]: Int32] = [:]
        var subsets: [[Int32]] = []
        var transitions: [Int32] = []
        var labels: [UInt64] = []
        func number(of subset: [Int32]) throws(LanguageError) -> Int32 {
            // Once matched, always matched.
            let subset = subset.contains(Int32(accept)) ? [Int32(accept)] : subset
            if let known = numbers[subset] { return known }
            guard subsets.count < Self.stateLimit, subsets.count * starts.count < ScalarAutomaton.transitionLimit else {
                throw .tooManyStates(limit: Self.stateLimit)
            }
            let number = Int32(subsets.count)
            numbers[subset] = number
            subsets.append(subset)
            return number
        }
        _ = try number(of: closure(of: [Int32(start)], atStart: true, atEnd: false))
        var work = 0
        var index = 0
        while index < subsets.count {
            let subset = subsets[index]
            // An empty text is at its start and at its end at once.
            let ending = closure(of: index == 0 ? [Int32(start)] + subset : subset, atStart: index == 0, atEnd: true)
            labels.append(ending.contains(Int32(accept)) ? 1 : 0)
            var reading: [(set: Int32, target: Int32)] = []
            for state in subset {
                for case .set(let set, let target) in edges[Int(state)] { reading.append((set, target)) }
            }
            work += (reading.count + 8) * starts.count
            guard work < Self.workLimit else { throw .tooManyStates(limit: Self.stateLimit) }
            var previous: (targets: [Int32], number: Int32)?
            for classIndex in starts.indices {
                var targets: [Int32] = []
                for (set, target) in reading where membership[Int(set)][classIndex] { targets.append(target) }
                if let previous, previous.targets == targets {
                    transitions.append(previous.number)
                    continue
                }
                let next = try number(of: closure(of: targets, atStart: false, atEnd: false))
                previous = (targets, next)
                transitions.append(next)
            }
            index += 1
        }
        return ScalarAutomaton(starts: starts, transitions: transitions, labels: labels).minimized()
    }
}
