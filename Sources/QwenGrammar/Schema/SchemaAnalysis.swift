internal import QwenJSON

/// Works out what the subschemas of a document, and formulas over them, leave of all JSON values.
struct SchemaAnalysis {
    var document: SchemaDocument
    var formulas = Formulas()
    /// Automata over member names.
    private(set) var patterns: [ScalarAutomaton] = []
    private var patternNumbers: [ScalarAutomaton: Int] = [:]
    private var patternsBySource: [String: ScalarAutomaton] = [:]
    private var forms: [Int: SchemaForm] = [:]
    private var inProgress: Set<Int> = []
    private var emptiness: [Int: Bool] = [:]
    /// How much merging of alternatives has been done.
    private var work = 0
    /// The path of the subschema that is being read, for errors.
    private(set) var path = "#"
    /// Whether `$schema` names the edition.
    let namesDialect: Bool
    let options: SchemaOptions
    let limits: ConstraintLimits

    init(_ schema: JSONValue, options: SchemaOptions, limits: ConstraintLimits) throws(ConstraintError) {
        let dialect = try SchemaDialect(schema)
        namesDialect = dialect != nil
        document = SchemaDocument(schema, dialect: dialect ?? .draft2020)
        self.options = options
        self.limits = limits
    }

    // MARK: Names of what can go wrong

    /// Gives an error about languages its place.
    func located<Value>(
        _ keyword: String,
        _ body: () throws(LanguageError) -> Value
    ) throws(ConstraintError) -> Value {
        do throws(LanguageError) {
            return try body()
        } catch {
            switch error {
            case .tooManyStates(let limit): throw .tooComplex(what: "states for \(keyword)", limit: limit, path: path)
            case .pattern(let pattern, let reason):
                throw .unsupported(keyword: keyword, path: path, reason: "the pattern \(pattern) \(reason)")
            case .inexact(let what):
                throw .unsupported(keyword: keyword, path: path, reason: "the complement of \(what) is not known")
            }
        }
    }

    mutating func number(ofPattern automaton: ScalarAutomaton) -> Int {
        if let known = patternNumbers[automaton] { return known }
        patterns.append(automaton)
        patternNumbers[automaton] = patterns.count - 1
        return patterns.count - 1
    }

    mutating func automaton(pattern: String, keyword: String) throws(ConstraintError) -> ScalarAutomaton {
        if let known = patternsBySource[pattern] { return known }
        let automaton = try located(keyword) { () throws(LanguageError) in try CommonAutomata.matching(pattern) }
        patternsBySource[pattern] = automaton
        return automaton
    }

    /// Counts work, so that no schema takes more than a few seconds.
    mutating func count(work amount: Int) throws(ConstraintError) {
        work += amount
        guard work <= limits.maximumWork else {
            throw .tooComplex(what: "steps to combine subschemas", limit: limits.maximumWork, path: path)
        }
    }

    // MARK: Forms

    /// What a formula leaves of all values.
    mutating func form(of formula: Int) throws(ConstraintError) -> SchemaForm {
        if let known = forms[formula] { return known }
        guard inProgress.count < limits.maximumDepth else {
            throw .tooComplex(what: "levels of subschemas", limit: limits.maximumDepth, path: path)
        }
        guard inProgress.insert(formula).inserted else {
            throw .malformed(keyword: "$ref", path: path, reason: "the schema refers to itself without end")
        }
        let previousPath = path
        defer {
            path = previousPath
            inProgress.remove(formula)
        }
        let form: SchemaForm
        switch formulas[formula] {
        case .always: form = .all
        case .never: form = .none
        case .schema(let number):
            path = document.places[number].path
            form = try self.form(ofSchema: number)
        case .array(let array):
            var any = SchemaForm.all
            any.arrays = [array]
            form = any
        case .object(let object):
            var any = SchemaForm.all
            any.objects = [object]
            form = any
        case .constant(let value):
            form = try self.form(ofConstants: [value], keyword: "const")
        case .not(let inner):
            form = try complement(of: self.form(of: inner))
        case .all(let parts):
            var result = SchemaForm.all
            for part in parts { result = try intersection(result, self.form(of: part)) }
            form = result
        case .any(let parts):
            var result = SchemaForm.none
            for part in parts { result = try union(result, self.form(of: part)) }
            form = result
        case .one(let parts):
            form = try exactlyOne(of: parts)
        }
        forms[formula] = form
        guard forms.count <= limits.maximumNodes else {
            throw .tooComplex(what: "subschemas", limit: limits.maximumNodes, path: path)
        }
        return form
    }

    // MARK: Emptiness, as far as a quick look tells

    /// Whether a formula certainly has no value; false where a look some levels down does not tell.
    mutating func isCertainlyEmpty(_ formula: Int, levels: Int = 3) -> Bool {
        if formula == Formulas.never { return true }
        if formula == Formulas.always { return false }
        if let known = emptiness[formula] { return known }
        guard levels > 0, !inProgress.contains(formula) else { return false }
        let result: Result<SchemaForm, ConstraintError> = {
            do throws(ConstraintError) { return .success(try form(of: formula)) } catch { return .failure(error) }
        }()
        guard case .success(let form) = result else { return false }
        let isEmpty = isCertainlyEmpty(form, levels: levels)
        if isEmpty || levels >= 2 { emptiness[formula] = isEmpty }
        return isEmpty
    }

    private mutating func isCertainlyEmpty(_ form: SchemaForm, levels: Int) -> Bool {
        guard !form.allowsNull, !form.allowsTrue, !form.allowsFalse, form.numbers.isEmpty, form.strings.isEmpty else {
            return false
        }
        for array in form.arrays where !isCertainlyEmpty(array, levels: levels) { return false }
        for object in form.objects where !isCertainlyEmpty(object, levels: levels) { return false }
        return true
    }

    mutating func isCertainlyEmpty(_ array: ArrayForm, levels: Int = 3) -> Bool {
        if let maximum = array.maximum, maximum < array.minimum { return true }
        for index in 0..<min(array.minimum, array.prefix.count + 1)
        where isCertainlyEmpty(array.formula(at: index), levels: levels - 1) {
            return true
        }
        for containment in array.containments where containment.minimum > 0 {
            if let maximum = containment.maximum, maximum < containment.minimum { return true }
            if let maximum = array.maximum, maximum - containment.from < containment.minimum { return true }
            if array.prefix.isEmpty,
                isCertainlyEmpty(formulas.all([array.rest, containment.formula]), levels: levels - 1)
            {
                return true
            }
        }
        return false
    }

    mutating func isCertainlyEmpty(_ object: ObjectForm, levels: Int = 3) -> Bool {
        if let maximum = object.maximum, maximum < max(object.minimum, object.required.count) { return true }
        for name in object.required where isCertainlyEmpty(formula(of: name, in: object), levels: levels - 1) {
            return true
        }
        return false
    }

    // MARK: Names

    /// The formula for the value of a member.
    mutating func formula(of name: Name, in object: ObjectForm) -> Int {
        if let formula = object.members[name] { return formula }
        return formula(ofUnlisted: name, rules: object.rules)
    }

    /// The formula that rules give a name that is not listed.
    mutating func formula(ofUnlisted name: Name, rules: [ObjectForm.Rule]) -> Int {
        guard !rules.isEmpty else { return Formulas.always }
        var parts: [Int] = []
        for rule in rules {
            var isMatched = false
            for pattern in rule.patterns where patterns[pattern.pattern].accepts(name.string.unicodeScalars) {
                isMatched = true
                parts.append(pattern.formula)
            }
            if !isMatched { parts.append(rule.otherwise) }
        }
        return formulas.all(parts)
    }
}
