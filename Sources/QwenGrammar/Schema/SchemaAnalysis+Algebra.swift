extension SchemaAnalysis {
    mutating func union(_ left: SchemaForm, _ right: SchemaForm) throws(ConstraintError) -> SchemaForm {
        var result = left
        result.allowsNull = left.allowsNull || right.allowsNull
        result.allowsTrue = left.allowsTrue || right.allowsTrue
        result.allowsFalse = left.allowsFalse || right.allowsFalse
        result.numbers = try located("anyOf") { () throws(LanguageError) in try left.numbers.union(right.numbers) }
        result.strings = try located("anyOf") { () throws(LanguageError) in try left.strings.union(right.strings) }
        result.arrays = try distinct(left.arrays + right.arrays, any: ArrayForm())
        result.objects = try distinct(left.objects + right.objects, any: ObjectForm())
        return result
    }

    /// Drops alternatives that occur twice, and all others where one of them allows anything.
    private func distinct<Form: Hashable>(_ forms: [Form], any: Form) throws(ConstraintError) -> [Form] {
        if forms.count < 2 { return forms }
        var seen: Set<Form> = []
        var kept: [Form] = []
        for form in forms where seen.insert(form).inserted { kept.append(form) }
        if seen.contains(any) { return [any] }
        guard kept.count <= limits.maximumAlternatives else {
            throw .tooComplex(what: "alternatives", limit: limits.maximumAlternatives, path: path)
        }
        return kept
    }

    mutating func intersection(_ left: SchemaForm, _ right: SchemaForm) throws(ConstraintError) -> SchemaForm {
        var result = SchemaForm()
        result.allowsNull = left.allowsNull && right.allowsNull
        result.allowsTrue = left.allowsTrue && right.allowsTrue
        result.allowsFalse = left.allowsFalse && right.allowsFalse
        result.numbers = try located("allOf") { () throws(LanguageError) in
            try left.numbers.intersection(right.numbers)
        }
        result.strings = try located("allOf") { () throws(LanguageError) in
            try left.strings.intersection(right.strings)
        }
        var arrays: [ArrayForm] = []
        for mine in left.arrays {
            for theirs in right.arrays {
                if let merged = try merge(mine, theirs) { arrays.append(merged) }
                try checkAlternatives(arrays.count)
            }
        }
        var objects: [ObjectForm] = []
        for mine in left.objects {
            for theirs in right.objects {
                objects += try merge(mine, theirs)
                try checkAlternatives(objects.count)
            }
        }
        result.arrays = try distinct(arrays, any: ArrayForm())
        result.objects = try distinct(objects, any: ObjectForm())
        return result
    }

    private func checkAlternatives(_ count: Int) throws(ConstraintError) {
        guard count <= limits.maximumAlternatives * 4 else {
            throw .tooComplex(what: "alternatives", limit: limits.maximumAlternatives, path: path)
        }
    }

    mutating func complement(of form: SchemaForm) throws(ConstraintError) -> SchemaForm {
        var result = SchemaForm()
        result.allowsNull = !form.allowsNull
        result.allowsTrue = !form.allowsTrue
        result.allowsFalse = !form.allowsFalse
        result.numbers = try located("not") { () throws(LanguageError) in try form.numbers.complement() }
        result.strings = try located("not") { () throws(LanguageError) in try form.strings.complement() }
        result.arrays = [ArrayForm()]
        for array in form.arrays { result.arrays = try subtracting(array, from: result.arrays) }
        result.objects = [ObjectForm()]
        for object in form.objects { result.objects = try subtracting(object, from: result.objects) }
        return result
    }

    /// The values that satisfy exactly one of several formulas.
    mutating func exactlyOne(of parts: [Int]) throws(ConstraintError) -> SchemaForm {
        var forms: [SchemaForm] = []
        for part in parts { forms.append(try form(of: part)) }
        var result = SchemaForm()
        result.allowsNull = forms.count { $0.allowsNull } == 1
        result.allowsTrue = forms.count { $0.allowsTrue } == 1
        result.allowsFalse = forms.count { $0.allowsFalse } == 1
        var seenNumbers = NumberLanguage.none
        var seenStrings = StringLanguage.none
        for form in forms {
            result.numbers = try located("oneOf") { () throws(LanguageError) in
                if form.numbers.isEmpty { return result.numbers }
                if seenNumbers.isEmpty { return form.numbers }
                return try result.numbers.intersection(form.numbers.complement())
                    .union(form.numbers.intersection(seenNumbers.complement()))
            }
            seenNumbers = try located("oneOf") { () throws(LanguageError) in try seenNumbers.union(form.numbers) }
            result.strings = try located("oneOf") { () throws(LanguageError) in
                if form.strings.isEmpty { return result.strings }
                if seenStrings.isEmpty { return form.strings }
                if try form.strings.intersection(seenStrings).isEmpty { return try result.strings.union(form.strings) }
                return try result.strings.intersection(form.strings.complement())
                    .union(form.strings.intersection(seenStrings.complement()))
            }
            seenStrings = try located("oneOf") { () throws(LanguageError) in try seenStrings.union(form.strings) }
        }
        for (index, form) in forms.enumerated() {
            var arrays = form.arrays
            var objects = form.objects
            for (other, otherForm) in forms.enumerated() where other != index {
                for array in otherForm.arrays { arrays = try subtracting(array, from: arrays) }
                for object in otherForm.objects { objects = try subtracting(object, from: objects) }
            }
            result.arrays += arrays
            result.objects += objects
            try checkAlternatives(max(result.arrays.count, result.objects.count))
        }
        result.arrays = try distinct(result.arrays, any: ArrayForm())
        result.objects = try distinct(result.objects, any: ObjectForm())
        return result
    }

    // MARK: Arrays

    /// What satisfies two alternatives at once; nil where certainly nothing does.
    mutating func merge(_ left: ArrayForm, _ right: ArrayForm) throws(ConstraintError) -> ArrayForm? {
        try count(work: left.prefix.count + right.prefix.count + 1)
        if left == right { return left }
        var result = ArrayForm()
        for index in 0..<max(left.prefix.count, right.prefix.count) {
            result.prefix.append(formulas.all([left.formula(at: index), right.formula(at: index)]))
        }
        result.rest = formulas.all([left.rest, right.rest])
        result.minimum = max(left.minimum, right.minimum)
        result.maximum = [left.maximum, right.maximum].compactMap { $0 }.min()
        result.isUnique = left.isUnique || right.isUnique
        result.containments = left.containments
        for containment in right.containments where !result.containments.contains(containment) {
            result.containments.append(containment)
        }
        return normalized(result)
    }

    /// Turns elements that cannot be into a bound on the length; nil where certainly nothing is left.
    mutating func normalized(_ array: ArrayForm) -> ArrayForm? {
        var array = array
        if let first = array.prefix.firstIndex(of: Formulas.never) {
            array.maximum = min(array.maximum ?? .max, first)
        } else if array.rest == Formulas.never {
            array.maximum = min(array.maximum ?? .max, array.prefix.count)
        }
        if let maximum = array.maximum, maximum <= array.prefix.count {
            array.prefix.removeSubrange(maximum...)
            array.rest = Formulas.always
        }
        while let last = array.prefix.last, last == array.rest, array.maximum != array.prefix.count {
            array.prefix.removeLast()
        }
        return isCertainlyEmpty(array) ? nil : array
    }

    private mutating func subtracting(
        _ array: ArrayForm,
        from forms: [ArrayForm]
    ) throws(ConstraintError) -> [ArrayForm] {
        if array == ArrayForm() { return [] }
        var result: [ArrayForm] = []
        for form in forms {
            guard try merge(form, array) != nil else {
                result.append(form)
                continue
            }
            for other in try complement(of: array) {
                if let merged = try merge(form, other) { result.append(merged) }
            }
            try checkAlternatives(result.count)
        }
        return try distinct(result, any: ArrayForm())
    }

    private mutating func complement(of array: ArrayForm) throws(ConstraintError) -> [ArrayForm] {
        var result: [ArrayForm] = []
        if array.minimum > 0 { result.append(ArrayForm(maximum: array.minimum - 1)) }
        if let maximum = array.maximum { result.append(ArrayForm(minimum: maximum + 1)) }
        for (index, formula) in array.prefix.enumerated() where formula != Formulas.always {
            let prefix = Array(repeating: Formulas.always, count: index) + [formulas.not(formula)]
            result.append(ArrayForm(prefix: prefix, minimum: index + 1))
        }
        if array.rest != Formulas.always {
            let witness = ArrayForm.Containment(
                formula: formulas.not(array.rest),
                from: array.prefix.count,
                minimum: 1
            )
            result.append(ArrayForm(containments: [witness]))
        }
        if array.isUnique {
            throw .unsupported(
                keyword: "uniqueItems",
                path: path,
                reason: "it stands under not or in overlapping oneOf"
            )
        }
        for containment in array.containments {
            var other = containment
            if containment.minimum > 0 {
                other.minimum = 0
                other.maximum = containment.minimum - 1
                result.append(ArrayForm(containments: [other]))
            }
            if let maximum = containment.maximum {
                other.minimum = maximum + 1
                other.maximum = nil
                result.append(ArrayForm(containments: [other]))
            }
        }
        return result
    }

    // MARK: Objects

    /// What satisfies two alternatives at once, as alternatives.
    mutating func merge(_ left: ObjectForm, _ right: ObjectForm) throws(ConstraintError) -> [ObjectForm] {
        try count(work: left.members.count + right.members.count + 4)
        if left == right { return [left] }
        if left == ObjectForm() { return [right] }
        if right == ObjectForm() { return [left] }
        var result = ObjectForm()
        for (name, formula) in left.members {
            result.members[name] = formulas.all([formula, self.formula(of: name, in: right)])
        }
        for (name, formula) in right.members where left.members[name] == nil {
            result.members[name] = formulas.all([formula, self.formula(ofUnlisted: name, rules: left.rules)])
        }
        var otherwise: [Int] = []
        for rule in left.rules + right.rules {
            if rule.patterns.isEmpty {
                otherwise.append(rule.otherwise)
            } else if !result.rules.contains(rule) {
                result.rules.append(rule)
            }
        }
        let rest = formulas.all(otherwise)
        if rest != Formulas.always { result.rules.append(.init(patterns: [], otherwise: rest)) }
        result.required = left.required.union(right.required)
        result.minimum = max(left.minimum, right.minimum)
        result.maximum = [left.maximum, right.maximum].compactMap { $0 }.min()
        result.dependencies = left.dependencies.union(right.dependencies)

        // A witness is a member that is not listed. Where the other alternative lists more names, each of them may be
        // the witness instead.
        var results = [result]
        for (witnesses, mine, theirs) in [
            (left.witnesses, left.members, right.members), (right.witnesses, right.members, left.members),
        ] {
            for witness in witnesses {
                var next: [ObjectForm] = []
                let candidates = theirs.keys.filter { name in
                    mine[name] == nil
                        && (witness.pattern.map { patterns[$0].accepts(name.string.unicodeScalars) } ?? true)
                }.sorted()
                for form in results {
                    var form = form
                    for name in candidates {
                        var chosen = form
                        chosen.required.insert(name)
                        chosen.members[name] = formulas.all([self.formula(of: name, in: form), witness.formula])
                        next.append(chosen)
                    }
                    if !form.witnesses.contains(witness) { form.witnesses.append(witness) }
                    next.append(form)
                }
                results = next
            }
        }
        var kept: [ObjectForm] = []
        for form in results where !isCertainlyEmpty(form) { kept.append(form) }
        return kept
    }

    /// Whether two alternatives certainly have nothing in common.
    private mutating func areCertainlyDisjoint(
        _ left: ObjectForm,
        _ right: ObjectForm
    ) throws(ConstraintError) -> Bool {
        try count(work: left.required.count + right.required.count + 1)
        let maximum = min(left.maximum ?? .max, right.maximum ?? .max)
        let required = left.required.union(right.required)
        if maximum < max(left.minimum, right.minimum, required.count) { return true }
        for name in required {
            let both = formulas.all([formula(of: name, in: left), formula(of: name, in: right)])
            if isCertainlyEmpty(both) { return true }
        }
        return false
    }

    private mutating func subtracting(
        _ object: ObjectForm,
        from forms: [ObjectForm]
    ) throws(ConstraintError) -> [ObjectForm] {
        if object == ObjectForm() { return [] }
        var result: [ObjectForm] = []
        for form in forms {
            if form == object { continue }
            if try areCertainlyDisjoint(form, object) {
                result.append(form)
                continue
            }
            for other in try complement(of: object) { result += try merge(form, other) }
            try checkAlternatives(result.count)
        }
        return try distinct(result, any: ObjectForm())
    }

    private mutating func complement(of object: ObjectForm) throws(ConstraintError) -> [ObjectForm] {
        var result: [ObjectForm] = []
        for name in object.required.sorted() {
            result.append(ObjectForm(members: [name: Formulas.never]))
        }
        for (name, formula) in object.members.sorted(by: { $0.key < $1.key }) where formula != Formulas.always {
            result.append(ObjectForm(members: [name: formulas.not(formula)], required: [name]))
        }
        // What is said of unlisted names is said of none of the listed ones.
        let listed = object.members.mapValues { _ in Formulas.always }
        for rule in object.rules {
            for pattern in rule.patterns where pattern.formula != Formulas.always {
                let witness = ObjectForm.Witness(pattern: pattern.pattern, formula: formulas.not(pattern.formula))
                result.append(ObjectForm(members: listed, witnesses: [witness]))
            }
            guard rule.otherwise != Formulas.always else { continue }
            var others: Int?
            if !rule.patterns.isEmpty {
                let automata = rule.patterns.map { patterns[$0.pattern] }
                let unmatched = try located("patternProperties") { () throws(LanguageError) in
                    var unmatched = ScalarAutomaton.all
                    for automaton in automata { unmatched = try unmatched.intersection(automaton.complement) }
                    return unmatched
                }
                if unmatched.isEmpty { continue }
                others = number(ofPattern: unmatched)
            }
            let witness = ObjectForm.Witness(pattern: others, formula: formulas.not(rule.otherwise))
            result.append(ObjectForm(members: listed, witnesses: [witness]))
        }
        if object.minimum > 0 { result.append(ObjectForm(maximum: object.minimum - 1)) }
        if let maximum = object.maximum { result.append(ObjectForm(minimum: maximum + 1)) }
        for dependency in object.dependencies {
            result.append(ObjectForm(members: [dependency[1]: Formulas.never], required: [dependency[0]]))
        }
        for witness in object.witnesses {
            let formula = formulas.not(witness.formula)
            let rule =
                if let pattern = witness.pattern {
                    ObjectForm.Rule(patterns: [.init(pattern: pattern, formula: formula)], otherwise: Formulas.always)
                } else {
                    ObjectForm.Rule(patterns: [], otherwise: formula)
                }
            result.append(ObjectForm(members: listed, rules: [rule]))
        }
        return result
    }
}
