internal import QwenJSON

extension SchemaAnalysis {
    mutating func restrictArrays(_ form: inout SchemaForm, _ keywords: Keywords) throws(ConstraintError) {
        guard !form.arrays.isEmpty else { return }
        var array = ArrayForm()
        let hasList = keywords["items"]?.array != nil
        if let prefix = try formulas(keywords, "prefixItems") {
            array.prefix = prefix
            if hasList { throw keywords.malformed("items", "it is an array beside prefixItems") }
            array.rest = try formula(keywords, "items") ?? Formulas.always
        } else if hasList {
            // Up to 2019-09 `items` may be a list, and `additionalItems` speaks of the rest.
            array.prefix = try formulas(keywords, "items") ?? []
            array.rest = try formula(keywords, "additionalItems") ?? Formulas.always
        } else {
            array.rest = try formula(keywords, "items") ?? Formulas.always
        }
        array.minimum = try keywords.count("minItems") ?? 0
        array.maximum = try keywords.count("maxItems")
        if let value = keywords["uniqueItems"] {
            guard let isUnique = value.bool else { throw keywords.malformed("uniqueItems", "it is not a Boolean") }
            array.isUnique = isUnique
        }
        if let formula = try formula(keywords, "contains") {
            let minimum = try keywords.count("minContains") ?? 1
            let maximum = try keywords.count("maxContains")
            if minimum > 0 || maximum != nil {
                array.containments = [.init(formula: formula, minimum: minimum, maximum: maximum)]
            }
        }
        if let rest = keywords["unevaluatedItems"], rest.bool != true {
            let hidden = [
                "allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef", "contains", "dependentSchemas", "not",
            ]
            if let other = hidden.first(where: { keywords[$0] != nil }) {
                throw keywords.unsupported("unevaluatedItems", "it stands beside \(other)")
            }
            if keywords["items"] == nil || hasList && keywords["additionalItems"] == nil {
                array.rest = try formula(keywords, "unevaluatedItems") ?? Formulas.always
            }
        }
        form.arrays = normalized(array).map { [$0] } ?? []
    }

    mutating func restrictObjects(_ form: inout SchemaForm, _ keywords: Keywords) throws(ConstraintError) {
        guard !form.objects.isEmpty else { return }
        var object = ObjectForm()
        var rule = ObjectForm.Rule(patterns: [], otherwise: Formulas.always)
        if let value = keywords["patternProperties"] {
            guard let members = value.object else {
                throw keywords.malformed("patternProperties", "it is not an object")
            }
            for member in members {
                let path = keywords.path + "/patternProperties/" + SchemaDocument.escaped(member.key)
                let automaton = try automaton(pattern: member.key, keyword: "patternProperties")
                let formula = try formula(ofSubschema: member.value, at: path, base: keywords.base)
                rule.patterns.append(.init(pattern: number(ofPattern: automaton), formula: formula))
            }
        }
        rule.otherwise = try formula(keywords, "additionalProperties") ?? Formulas.always
        if let rest = keywords["unevaluatedProperties"], rest.bool != true {
            let hidden = ["allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef", "dependentSchemas", "not"]
            if let other = hidden.first(where: { keywords[$0] != nil }) {
                throw keywords.unsupported("unevaluatedProperties", "it stands beside \(other)")
            }
            if keywords["additionalProperties"] == nil {
                rule.otherwise = try formula(keywords, "unevaluatedProperties") ?? Formulas.always
            }
        }
        if rule.otherwise != Formulas.always || rule.patterns.contains(where: { $0.formula != Formulas.always }) {
            object.rules = [rule]
        }
        try readMembers(into: &object, rule: rule, keywords)
        object.minimum = try keywords.count("minProperties") ?? 0
        object.maximum = try keywords.count("maxProperties")
        for keyword in ["dependencies", "dependentRequired"] {
            guard let value = keywords[keyword] else { continue }
            guard let members = value.object else { throw keywords.malformed(keyword, "it is not an object") }
            for member in members where member.value.array != nil {
                for name in try keywords.names(keyword, member.value) {
                    object.dependencies.insert([Name(member.key), name])
                }
            }
        }
        var objects = isCertainlyEmpty(object) ? [] : [object]
        if let formula = try formula(keywords, "propertyNames") {
            var narrowed: [ObjectForm] = []
            let names = try allowedNames(formula)
            for object in objects { narrowed += try merge(object, names) }
            objects = narrowed
        }
        form.objects = objects
    }

    private mutating func readMembers(
        into object: inout ObjectForm,
        rule: ObjectForm.Rule,
        _ keywords: Keywords
    ) throws(ConstraintError) {
        if let value = keywords["properties"] {
            guard let members = value.object else { throw keywords.malformed("properties", "it is not an object") }
            for member in members {
                let name = Name(member.key)
                let path = keywords.path + "/properties/" + SchemaDocument.escaped(member.key)
                var parts = [try formula(ofSubschema: member.value, at: path, base: keywords.base)]
                for pattern in rule.patterns where patterns[pattern.pattern].accepts(member.key.unicodeScalars) {
                    parts.append(pattern.formula)
                }
                object.members[name] = formulas.all(parts)
            }
        }
        // Draft 3 wrote a Boolean into the member's schema; no later edition does.
        if let value = keywords["required"], value.bool == nil {
            object.required = Set(try keywords.names("required", value))
        }
    }

    /// `propertyNames` as rules: other names must satisfy what nothing satisfies.
    private mutating func allowedNames(_ formula: Int) throws(ConstraintError) -> ObjectForm {
        let names = try form(of: formula).strings
        if names.isAll { return ObjectForm() }
        if case .texts(let texts) = names.body {
            var object = ObjectForm(rules: [.init(patterns: [], otherwise: Formulas.never)])
            for text in texts where names.contains(text) { object.members[text] = Formulas.always }
            return object
        }
        let automaton = try located("propertyNames") { () throws(LanguageError) in try names.unrolled() }
        let pattern = ObjectForm.PatternFormula(pattern: number(ofPattern: automaton), formula: Formulas.always)
        return ObjectForm(rules: [.init(patterns: [pattern], otherwise: Formulas.never)])
    }
}
