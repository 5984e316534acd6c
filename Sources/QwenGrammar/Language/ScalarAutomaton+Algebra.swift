extension ScalarAutomaton {
    /// The texts that are not accepted.
    var complement: ScalarAutomaton {
        ScalarAutomaton(starts: starts, transitions: transitions, labels: labels.map { $0 == 0 ? 1 : 0 })
    }

    func intersection(_ other: ScalarAutomaton) throws(LanguageError) -> ScalarAutomaton {
        try combined(with: other) { $0 != 0 && $1 != 0 ? 1 : 0 }
    }

    func union(_ other: ScalarAutomaton) throws(LanguageError) -> ScalarAutomaton {
        try combined(with: other) { $0 != 0 || $1 != 0 ? 1 : 0 }
    }

    /// Runs two automata side by side.
    /// What a pair of states accepts, `label` tells from what each does.
    func combined(
        with other: ScalarAutomaton,
        label: (UInt64, UInt64) -> UInt64
    ) throws(LanguageError) -> ScalarAutomaton {
        var classes: [(start: UInt32, mine: Int, theirs: Int)] = []
        var mine = 0
        var theirs = 0
        var start: UInt32 = 0
        while true {
            classes.append((start, mine, theirs))
            let nextMine = mine + 1 < starts.count ? starts[mine + 1] : .max
            let nextTheirs = theirs + 1 < other.starts.count ? other.starts[theirs + 1] : .max
            start = min(nextMine, nextTheirs)
            if start == .max { break }
            if nextMine == start { mine += 1 }
            if nextTheirs == start { theirs += 1 }
        }
        return try Self.explore(starts: classes.map(\.start), from: UInt64(0)) { pair, classIndex in
            let (_, mine, theirs) = classes[classIndex]
            let left = next(Int(pair >> 32), classIndex: mine)
            let right = other.next(Int(pair & 0xFFFF_FFFF), classIndex: theirs)
            return UInt64(left) << 32 | UInt64(right)
        } label: { pair in
            label(labels[Int(pair >> 32)], other.labels[Int(pair & 0xFFFF_FFFF)])
        }.minimized()
    }

    /// The same language with as few states as it needs (Moore's partition refinement), and no class too many.
    ///
    /// Very large automata are left as they are.
    func minimized() -> ScalarAutomaton {
        guard stateCount <= 4_000, stateCount > 1 else { return self }
        var groups = [Int32](repeating: 0, count: stateCount)
        var groupCount = 0
        do {
            var numbers: [UInt64: Int32] = [:]
            for (state, label) in labels.enumerated() {
                let next = Int32(numbers.count)
                groups[state] = numbers[label, default: next]
                if groups[state] == next { numbers[label] = next }
            }
            groupCount = numbers.count
        }
        var row = [Int32](repeating: 0, count: classCount + 1)
        while true {
            var numbers: [[Int32]: Int32] = [:]
            numbers.reserveCapacity(groupCount * 2)
            var refined = groups
            for state in 0..<stateCount {
                row[0] = groups[state]
                for classIndex in 0..<classCount { row[classIndex + 1] = groups[next(state, classIndex: classIndex)] }
                let number = Int32(numbers.count)
                if let known = numbers[row] {
                    refined[state] = known
                } else {
                    numbers[row] = number
                    refined[state] = number
                }
            }
            groups = refined
            if numbers.count == groupCount { break }
            groupCount = numbers.count
        }
        // States are met in order, so the group of state 0 has number 0.
        var smallTransitions = [Int32](repeating: 0, count: groupCount * classCount)
        var smallLabels = [UInt64](repeating: 0, count: groupCount)
        for state in 0..<stateCount {
            let group = Int(groups[state])
            smallLabels[group] = labels[state]
            for classIndex in 0..<classCount {
                smallTransitions[group * classCount + classIndex] = groups[next(state, classIndex: classIndex)]
            }
        }
        return ScalarAutomaton(starts: starts, transitions: smallTransitions, labels: smallLabels).withoutTwinClasses()
    }

    /// Joins neighbouring classes that no state tells apart.
    private func withoutTwinClasses() -> ScalarAutomaton {
        var kept: [Int] = []
        for classIndex in 0..<classCount {
            let isTwin =
                kept.last.map { last in
                    (0..<stateCount).allSatisfy { next($0, classIndex: last) == next($0, classIndex: classIndex) }
                } ?? false
            if !isTwin { kept.append(classIndex) }
        }
        guard kept.count < classCount else { return self }
        var transitions: [Int32] = []
        transitions.reserveCapacity(stateCount * kept.count)
        for state in 0..<stateCount {
            for classIndex in kept { transitions.append(Int32(next(state, classIndex: classIndex))) }
        }
        return ScalarAutomaton(starts: kept.map { starts[$0] }, transitions: transitions, labels: labels)
    }

    /// For every state, the length of the shortest accepted text from there; `Int.max` where there is none.
    var distances: [Int] {
        var distances = labels.map { $0 == 0 ? Int.max : 0 }
        var sources = [[Int32]](repeating: [], count: stateCount)
        for state in 0..<stateCount {
            var previous = -1
            for classIndex in 0..<classCount {
                // Nothing but surrogates may lie in a class; no text has those.
                let range = range(ofClass: classIndex)
                if range.lowerBound >= 0xD800 && range.upperBound <= 0xDFFF { continue }
                let target = next(state, classIndex: classIndex)
                if target != previous { sources[target].append(Int32(state)) }
                previous = target
            }
        }
        var queue = distances.indices.filter { distances[$0] == 0 }
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            for source in sources[state] where distances[Int(source)] == .max {
                distances[Int(source)] = distances[state] + 1
                queue.append(Int(source))
            }
        }
        return distances
    }

    /// Whether no text is accepted.
    var isEmpty: Bool { labels.allSatisfy { $0 == 0 } || distances[0] == .max }

    /// Whether every text is accepted.
    var isUniversal: Bool { labels.allSatisfy { $0 != 0 } }

    /// All accepted texts in order, or nil where there are more than a limit.
    func texts(limit: Int) -> [String]? {
        let distances = distances
        var found: [String] = []
        var stack: [(state: Int, scalars: String.UnicodeScalarView)] = [(0, .init())]
        while let (state, scalars) = stack.popLast() {
            guard distances[state] != .max else { continue }
            // A finite language has no text longer than there are states.
            guard scalars.count <= stateCount, stack.count <= limit * 4 else { return nil }
            if labels[state] != 0 { found.append(String(scalars)) }
            guard found.count <= limit else { return nil }
            for classIndex in 0..<classCount {
                let target = next(state, classIndex: classIndex)
                guard distances[target] != .max else { continue }
                let range = range(ofClass: classIndex)
                guard range.count <= limit else { return nil }
                for value in range {
                    guard let scalar = Unicode.Scalar(value) else { continue }
                    var longer = scalars
                    longer.append(scalar)
                    stack.append((target, longer))
                }
            }
        }
        return found
    }
}
