extension SchemaCompiler {
    /// Finds out which values have instances, and builds the shapes without all others.
    ///
    /// A value has an instance where a scalar is one, or where an array or object has one whose parts have: the smallest
    /// set that is closed under this is what remains; a type that can only contain itself is not in it.
    mutating func finish() throws(ConstraintError) {
        var arrays: [ConstraintGraph.ArrayShape?] = arrayDrafts.map { _ in nil }
        var objects: [ConstraintGraph.ObjectShape?] = objectDrafts.map { _ in nil }
        var isPossible = graph.values.map { value in
            value.allowsNull || value.allowsTrue || value.allowsFalse || value.number >= 0 || value.string >= 0
        }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (index, value) in graph.values.enumerated() where !isPossible[index] {
                let isNowPossible =
                    value.arrays.contains { bounds(of: arrayDrafts[Int($0)], isPossible) != nil }
                    || value.objects.contains { Self.members(of: objectDrafts[Int($0)], isPossible) != nil }
                if isNowPossible {
                    isPossible[index] = true
                    hasChanged = true
                }
            }
        }
        for index in arrayDrafts.indices { arrays[index] = shape(of: arrayDrafts[index], isPossible) }
        for index in objectDrafts.indices { objects[index] = try shape(of: objectDrafts[index], isPossible) }

        var arrayNumbers = [Int32](repeating: ConstraintGraph.none, count: arrays.count)
        for (index, shape) in arrays.enumerated() {
            guard let shape else { continue }
            arrayNumbers[index] = Int32(graph.arrays.count)
            graph.arrays.append(shape)
        }
        var objectNumbers = [Int32](repeating: ConstraintGraph.none, count: objects.count)
        for (index, shape) in objects.enumerated() {
            guard let shape else { continue }
            objectNumbers[index] = Int32(graph.objects.count)
            graph.objects.append(shape)
        }
        for index in graph.values.indices {
            graph.values[index].arrays = graph.values[index].arrays.map { arrayNumbers[Int($0)] }.filter { $0 >= 0 }
            graph.values[index].objects = graph.values[index].objects.map { objectNumbers[Int($0)] }.filter { $0 >= 0 }
        }
    }

    // MARK: Arrays

    /// The most elements that an array can have, nil within for no bound; nil where it has no instance.
    private func bounds(of draft: ArrayDraft, _ isPossible: [Bool]) -> (maximum: Int?, Void)? {
        var maximum = draft.form.maximum
        for (place, choices) in draft.elements.enumerated()
        where !choices.contains(where: { isPossible[Int($0.value)] }) {
            maximum = min(maximum ?? .max, place)
            break
        }
        if draft.form.isUnique, draft.elements.count == 1 {
            // No more elements than there are values.
            let limit = min(max(draft.form.minimum, 1), Self.largestCardinality)
            let values = draft.elements[0].reduce(0) {
                min(limit, $0 + cardinality(of: $1.value, limit: limit, isPossible))
            }
            if values < limit { maximum = min(maximum ?? .max, values) }
        }
        guard draft.form.minimum <= maximum ?? .max else { return nil }
        for (index, containment) in draft.form.containments.enumerated() where containment.minimum > 0 {
            var places = 0
            for (place, choices) in draft.elements.enumerated() {
                guard choices.contains(where: { $0.counting >> index & 1 != 0 && isPossible[Int($0.value)] }) else {
                    continue
                }
                let isLast = place == draft.elements.count - 1
                if isLast {
                    places = maximum.map { places + max(0, $0 - place) } ?? .max
                } else if place < maximum ?? .max {
                    places += 1
                }
            }
            guard places >= containment.minimum else { return nil }
        }
        return (maximum, ())
    }

    /// More values than this are not counted.
    private static let largestCardinality = 10_000
    /// How many values are looked at to find out how many there are; what has more parts is taken to be many.
    private static let cardinalityWork = 1_000

    /// How many values there are, counted up to a limit.
    private func cardinality(of value: Int32, limit: Int, _ isPossible: [Bool]) -> Int {
        var work = Self.cardinalityWork
        return cardinality(of: value, limit: limit, isPossible, &work, depth: 0)
    }

    private func cardinality(
        of value: Int32,
        limit: Int,
        _ isPossible: [Bool],
        _ work: inout Int,
        depth: Int
    ) -> Int {
        work -= 1
        guard work > 0, depth < analysis.limits.maximumDepth else { return limit }
        guard isPossible[Int(value)] else { return 0 }
        let value = graph.values[Int(value)]
        var count = [value.allowsNull, value.allowsTrue, value.allowsFalse].count(where: \.self)
        if value.number >= 0 { count += min(limit, graph.automata[Int(value.number)].completionCounts()[0]) }
        if value.string >= 0 {
            let automaton = graph.strings[Int(value.string)].automaton
            count += min(limit, graph.automata[Int(automaton)].completionCounts()[0])
        }
        for array in value.arrays where count < limit {
            count += cardinality(of: arrayDrafts[Int(array)], limit: limit, isPossible, &work, depth: depth + 1)
        }
        for object in value.objects where count < limit {
            count += cardinality(of: objectDrafts[Int(object)], limit: limit, isPossible, &work, depth: depth + 1)
        }
        return min(count, limit)
    }

    private func cardinality(
        of draft: ArrayDraft,
        limit: Int,
        _ isPossible: [Bool],
        _ work: inout Int,
        depth: Int
    ) -> Int {
        var count = draft.form.minimum == 0 ? 1 : 0
        var product = 1
        var index = 0
        while count < limit, index < draft.form.maximum ?? .max {
            var values = 0
            for (_, value) in draft.elements[min(index, draft.elements.count - 1)] {
                values = min(limit, values + cardinality(of: value, limit: limit, isPossible, &work, depth: depth))
            }
            guard work > 0 else { return limit }
            if values == 0 { break }
            product = min(limit, product * values)
            index += 1
            if index >= draft.form.minimum { count = min(limit, count + product) }
        }
        return count
    }

    private func cardinality(
        of draft: ObjectDraft,
        limit: Int,
        _ isPossible: [Bool],
        _ work: inout Int,
        depth: Int
    ) -> Int {
        if draft.unlisted.values.contains(where: { $0.contains { isPossible[Int($0.value)] } }) { return limit }
        var product = 1
        let required = Set(draft.form.required.map { ByteAutomaton.escaped($0.string) })
        for (name, value) in draft.names {
            let values = value < 0 ? 0 : cardinality(of: value, limit: limit, isPossible, &work, depth: depth)
            product = min(limit, product * (values + (required.contains(name) ? 0 : 1)))
        }
        return product
    }

    private func shape(of draft: ArrayDraft, _ isPossible: [Bool]) -> ConstraintGraph.ArrayShape? {
        guard let (maximum, _) = bounds(of: draft, isPossible) else { return nil }
        let limit = max(draft.elements.count - 1, draft.form.minimum, maximum ?? 0)
        return ConstraintGraph.ArrayShape(
            elements: draft.elements.map { $0.filter { isPossible[Int($0.value)] } },
            minimum: draft.form.minimum,
            maximum: maximum,
            isUnique: draft.form.isUnique,
            containments: draft.form.containments.map {
                .init(from: $0.from, minimum: $0.minimum, maximum: $0.maximum)
            },
            countLimit: limit
        )
    }

    // MARK: Objects

    /// The names that can be members, and those that must be; nil where the object has no instance.
    private static func members(
        of draft: ObjectDraft,
        _ isPossible: [Bool]
    ) -> (possible: NameSet, required: NameSet, dependencies: [(Int, Int)])? {
        var numbers: [[UInt8]: Int] = [:]
        var possible = NameSet(count: draft.names.count)
        for (index, name) in draft.names.enumerated() {
            numbers[name.bytes] = index
            if name.value >= 0, isPossible[Int(name.value)] { possible.insert(index) }
        }
        func number(_ name: Name) -> Int { numbers[ByteAutomaton.escaped(name.string)] ?? 0 }
        let dependencies = draft.form.dependencies.map { (number($0[0]), number($0[1])) }.sorted { $0 < $1 }
        var required = NameSet(count: draft.names.count)
        for name in draft.form.required { required.insert(number(name)) }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (name, other) in dependencies {
                if possible.contains(name), !possible.contains(other) {
                    possible.remove(name)
                    hasChanged = true
                }
                if required.contains(name), !required.contains(other) {
                    required.insert(other)
                    hasChanged = true
                }
            }
        }
        guard required.count(notIn: possible) == 0 else { return nil }
        let none = NameSet(count: draft.names.count)
        let needed = required.count(notIn: none)
        for index in draft.form.witnesses.indices {
            let hasWitness = draft.unlisted.values.contains { choices in
                choices.contains { $0.witnesses >> index & 1 != 0 && isPossible[Int($0.value)] }
            }
            guard hasWitness else { return nil }
        }
        let hasUnlisted = draft.unlisted.values.contains { $0.contains { isPossible[Int($0.value)] } }
        if let maximum = draft.form.maximum {
            let least = needed + draft.form.witnesses.count
            guard max(least, draft.form.minimum) <= maximum else { return nil }
        }
        guard hasUnlisted || possible.count(notIn: none) >= draft.form.minimum else { return nil }
        return (possible, required, dependencies)
    }

    private mutating func shape(
        of draft: ObjectDraft,
        _ isPossible: [Bool]
    ) throws(ConstraintError) -> ConstraintGraph.ObjectShape? {
        guard let (possible, required, dependencies) = Self.members(of: draft, isPossible) else { return nil }
        var unlisted: [[(witnesses: UInt8, value: Int32)]] = []
        var labels: [UInt64: Int32] = [:]
        for (label, choices) in draft.unlisted.sorted(by: { $0.key < $1.key }) {
            let choices = choices.filter { isPossible[Int($0.value)] }
            guard !choices.isEmpty else { continue }
            unlisted.append(choices)
            labels[label] = Int32(unlisted.count)
        }
        let unlistedNames: Int32
        if draft.unlistedNames.stateCount == 1 {
            unlistedNames = unlisted.isEmpty ? ConstraintGraph.none : try anyStringAutomaton()
        } else {
            // A listed name is never taken for an unlisted one.
            var automaton = draft.unlistedNames
            let hidden = draft.form.members.keys.map(\.string).filter { automaton.accepts($0.unicodeScalars) }
            if !hidden.isEmpty {
                automaton = try analysis.located("properties") { () throws(LanguageError) in
                    try automaton.combined(with: .texts(hidden)) { $1 == 0 ? $0 : 0 }
                }
            }
            unlistedNames = try add(ByteAutomaton(automaton, encoding: .json) { labels[$0] ?? 0 })
        }
        let names = draft.names.map(\.bytes)
        return ConstraintGraph.ObjectShape(
            names: names,
            values: draft.names.enumerated().map { possible.contains($0.offset) ? $0.element.value : -1 },
            required: required,
            possible: possible,
            minimum: draft.form.minimum,
            maximum: draft.form.maximum,
            dependencies: dependencies,
            witnessCount: draft.form.witnesses.count,
            unlistedNames: unlistedNames,
            unlisted: unlisted,
            trie: NameTrie(names),
            countLimit: max(draft.form.minimum, draft.form.maximum ?? 0)
        )
    }
}
