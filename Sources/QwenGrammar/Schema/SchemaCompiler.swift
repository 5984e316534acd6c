internal import QwenJSON

/// Turns a schema into a graph of values and shapes, from which everything that has no instance has been removed.
struct SchemaCompiler {
    var analysis: SchemaAnalysis
    var graph = ConstraintGraph()
    /// The value of every formula that was met.
    var numbers: [Int: Int32] = [:]
    var pending: [Int] = []
    var arrayDrafts: [ArrayDraft] = []
    var objectDrafts: [ObjectDraft] = []
    private var stateCount = 0
    private var automatonNumbers: [ScalarAutomaton: Int32] = [:]
    private var anyString: Int32?
    private var anyNumber: Int32?

    /// An array's shape before it is known which values have instances.
    struct ArrayDraft {
        var form: ArrayForm
        var elements: [[(counting: UInt8, value: Int32)]]
    }

    /// An object's shape before it is known which values have instances.
    struct ObjectDraft {
        var form: ObjectForm
        var names: [(bytes: [UInt8], value: Int32)]
        var unlistedNames: ScalarAutomaton
        var unlisted: [UInt64: [(witnesses: UInt8, value: Int32)]]
    }

    static func compile(
        _ schema: JSONValue,
        options: SchemaOptions,
        limits: ConstraintLimits
    ) throws(ConstraintError) -> ConstraintGraph {
        var compiler = SchemaCompiler(analysis: try SchemaAnalysis(schema, options: options, limits: limits))
        let root = try compiler.analysis.formula(ofSubschema: schema, at: "#", base: "")
        let start = compiler.number(of: root)
        var next = 0
        while next < compiler.pending.count {
            try compiler.draft(compiler.pending[next])
            next += 1
        }
        try compiler.finish()
        compiler.graph.start = .value(start)
        compiler.graph.whitespace = options.whitespace
        guard compiler.isPossible(start) else { throw .unsatisfiable }
        return compiler.graph
    }

    /// The value of a formula, to be worked out later where it is new.
    mutating func number(of formula: Int) -> Int32 {
        if let known = numbers[formula] { return known }
        let number = Int32(graph.values.count)
        numbers[formula] = number
        graph.values.append(.init())
        pending.append(formula)
        return number
    }

    func isPossible(_ value: Int32) -> Bool {
        guard value >= 0 else { return false }
        let value = graph.values[Int(value)]
        return value.allowsNull || value.allowsTrue || value.allowsFalse || value.number >= 0 || value.string >= 0
            || !value.arrays.isEmpty || !value.objects.isEmpty
    }

    private mutating func draft(_ formula: Int) throws(ConstraintError) {
        let form = try analysis.form(of: formula)
        var value = ConstraintGraph.Value()
        value.allowsNull = form.allowsNull
        value.allowsTrue = form.allowsTrue
        value.allowsFalse = form.allowsFalse
        value.number = try number(of: form.numbers)
        value.string = try string(of: form.strings)
        for array in form.arrays {
            value.arrays.append(Int32(arrayDrafts.count))
            arrayDrafts.append(try draft(array))
        }
        for object in form.objects {
            // A witness is not listed; every name that is spoken of is.
            var named = ObjectForm()
            for name in object.required.union(object.dependencies.flatMap(\.self)) where object.members[name] == nil {
                named.members[name] = Formulas.always
            }
            for object in try analysis.merge(object, named) {
                value.objects.append(Int32(objectDrafts.count))
                objectDrafts.append(try draft(object))
            }
        }
        guard let number = numbers[formula] else { return }
        graph.values[Int(number)] = value
        let limit = analysis.limits.maximumNodes
        guard graph.values.count <= limit, arrayDrafts.count <= limit, objectDrafts.count <= limit else {
            throw .tooComplex(what: "subschemas", limit: limit, path: "#")
        }
    }

    /// How many containments or witnesses one shape may have.
    private static let maximumExistentials = 4

    private mutating func draft(_ array: ArrayForm) throws(ConstraintError) -> ArrayDraft {
        guard array.containments.count <= Self.maximumExistentials else {
            throw .unsupported(keyword: "contains", path: "#", reason: "more than four of them meet in one array")
        }
        for containment in array.containments where max(containment.minimum, containment.maximum ?? 0) > 250 {
            throw .tooComplex(what: "elements to count for contains", limit: 250, path: "#")
        }
        var elements: [[(counting: UInt8, value: Int32)]] = []
        let places = max(array.prefix.count, array.containments.map(\.from).max() ?? 0) + 1
        guard places <= analysis.limits.maximumNodes else {
            throw .tooComplex(what: "places in an array", limit: analysis.limits.maximumNodes, path: "#")
        }
        for place in 0..<places {
            var choices: [(counting: UInt8, value: Int32)] = []
            for counting in 0..<(1 << array.containments.count) {
                var parts = [array.formula(at: place)]
                var isApplicable = true
                for (index, containment) in array.containments.enumerated() {
                    if counting >> index & 1 != 0 {
                        if place < containment.from { isApplicable = false }
                        parts.append(containment.formula)
                    } else if containment.maximum != nil, place >= containment.from {
                        parts.append(analysis.formulas.not(containment.formula))
                    }
                }
                guard isApplicable else { continue }
                let formula = analysis.formulas.all(parts)
                if formula == Formulas.never { continue }
                choices.append((UInt8(counting), number(of: formula)))
            }
            elements.append(choices)
        }
        return ArrayDraft(form: array, elements: elements)
    }

    private mutating func draft(_ object: ObjectForm) throws(ConstraintError) -> ObjectDraft {
        guard object.witnesses.count <= Self.maximumExistentials else {
            throw .unsupported(keyword: "not", path: "#", reason: "more than four demands on other members meet")
        }
        var names: [(bytes: [UInt8], value: Int32)] = []
        for (name, formula) in object.members {
            let value = formula == Formulas.never ? ConstraintGraph.none : number(of: formula)
            names.append((ByteAutomaton.escaped(name.string), value))
        }
        names.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }

        // Every name that is not listed gets the set of patterns that it matches as its label; bit 63 stands for none.
        var patterns: [Int] = []
        for pattern in object.rules.flatMap(\.patterns).map(\.pattern) + object.witnesses.compactMap(\.pattern)
        where !patterns.contains(pattern) {
            patterns.append(pattern)
        }
        guard patterns.count < 63 else {
            throw .tooComplex(what: "patterns for the names of one object", limit: 62, path: "#")
        }
        var automaton = ScalarAutomaton(starts: [0], transitions: [0], labels: [1 << 63])
        for (index, pattern) in patterns.enumerated() {
            let other = analysis.patterns[pattern]
            automaton = try analysis.located("patternProperties") { () throws(LanguageError) in
                try automaton.combined(with: other) { $0 | ($1 == 0 ? 0 : 1 << UInt64(index)) }
            }
        }
        var unlisted: [UInt64: [(witnesses: UInt8, value: Int32)]] = [:]
        for label in Set(automaton.labels) {
            func isMatched(_ pattern: Int) -> Bool {
                patterns.firstIndex(of: pattern).map { label >> UInt64($0) & 1 != 0 } ?? false
            }
            var parts: [Int] = []
            for rule in object.rules {
                let matched = rule.patterns.filter { isMatched($0.pattern) }
                parts += matched.isEmpty ? [rule.otherwise] : matched.map(\.formula)
            }
            var choices: [(witnesses: UInt8, value: Int32)] = []
            for witnesses in 0..<(1 << object.witnesses.count) {
                var parts = parts
                var isApplicable = true
                for (index, witness) in object.witnesses.enumerated() where witnesses >> index & 1 != 0 {
                    if let pattern = witness.pattern, !isMatched(pattern) { isApplicable = false }
                    parts.append(witness.formula)
                }
                let formula = analysis.formulas.all(parts)
                if isApplicable, formula != Formulas.never {
                    choices.append((UInt8(witnesses), number(of: formula)))
                }
            }
            if !choices.isEmpty { unlisted[label] = choices }
        }
        return ObjectDraft(form: object, names: names, unlistedNames: automaton, unlisted: unlisted)
    }

    // MARK: Scalars

    mutating func add(_ automaton: ByteAutomaton?) throws(ConstraintError) -> Int32 {
        guard let automaton else { return ConstraintGraph.none }
        stateCount += automaton.stateCount
        guard stateCount <= analysis.limits.maximumStates else {
            throw .tooComplex(what: "states", limit: analysis.limits.maximumStates, path: "#")
        }
        graph.automata.append(automaton)
        return Int32(graph.automata.count - 1)
    }

    /// The automaton of every text within a string.
    mutating func anyStringAutomaton() throws(ConstraintError) -> Int32 {
        if let anyString { return anyString }
        let number = try add(ByteAutomaton.anyString)
        anyString = number
        return number
    }

    private static let anyNumberBytes: ByteAutomaton? = {
        guard case .success(let numbers) = NumberAutomata.numbers else { return nil }
        return ByteAutomaton(numbers, encoding: .raw)
    }()

    private mutating func number(of numbers: NumberLanguage) throws(ConstraintError) -> Int32 {
        if numbers.isEmpty { return ConstraintGraph.none }
        if numbers.isAll, analysis.options.allowsAnyNumberForm {
            if let anyNumber { return anyNumber }
            let number = try add(Self.anyNumberBytes)
            anyNumber = number
            return number
        }
        let allowsAnyNumberForm = analysis.options.allowsAnyNumberForm
        let automaton = try analysis.located("number") { () throws(LanguageError) in
            try numbers.texts(allowsAnyNumberForm: allowsAnyNumberForm)
        }
        if let known = automatonNumbers[automaton] { return known }
        let number = try add(ByteAutomaton(automaton, encoding: .raw))
        automatonNumbers[automaton] = number
        return number
    }

    private mutating func string(of strings: StringLanguage) throws(ConstraintError) -> Int32 {
        var strings = strings
        if let maximum = strings.maximum, maximum < strings.minimum { return ConstraintGraph.none }
        var shape = ConstraintGraph.StringShape(automaton: ConstraintGraph.none)
        switch strings.body {
        case .all:
            shape.automaton = try anyStringAutomaton()
        case .texts(let texts):
            let texts = texts.filter { strings.contains($0) }
            let size = texts.reduce(0) { $0 + $1.string.utf8.count }
            guard size <= analysis.limits.maximumStates else {
                throw .tooComplex(what: "characters in an enumeration", limit: analysis.limits.maximumStates, path: "#")
            }
            shape.automaton = try add(ByteAutomaton(texts: texts.map(\.string), encoding: .json))
            strings = .all
        case .allBut, .automaton:
            var unbounded = strings
            unbounded.minimum = 0
            unbounded.maximum = nil
            var automaton = try analysis.located("string") { () throws(LanguageError) in try unbounded.unrolled() }
            if strings.minimum > 0, !automaton.hasAllLongerTexts {
                automaton = try analysis.located("minLength") { () throws(LanguageError) in try strings.unrolled() }
                strings = .all
            }
            if let maximum = strings.maximum, automaton.isEmpty || automaton.distances[0] > maximum {
                return ConstraintGraph.none
            }
            if let known = automatonNumbers[automaton] {
                shape.automaton = known
            } else {
                shape.automaton = try add(ByteAutomaton(automaton, encoding: .json))
                automatonNumbers[automaton] = shape.automaton
            }
        }
        guard shape.automaton >= 0 else { return ConstraintGraph.none }
        shape.minimum = Int32(clamping: strings.minimum)
        shape.maximum = strings.maximum.map { Int32(clamping: $0) }
        graph.strings.append(shape)
        return Int32(graph.strings.count - 1)
    }
}

extension ScalarAutomaton {
    /// Whether every text that can be completed can be completed at any length from the shortest up. Then a minimum
    /// length needs no states: it is enough to count.
    ///
    /// It is so where every state has a next one that is no farther from the end than itself.
    var hasAllLongerTexts: Bool {
        let distances = distances
        return (0..<stateCount).allSatisfy { state in
            distances[state] == .max
                || (0..<classCount).contains { distances[next(state, classIndex: $0)] <= distances[state] }
        }
    }
}
