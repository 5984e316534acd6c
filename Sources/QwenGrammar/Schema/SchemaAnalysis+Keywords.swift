internal import QwenJSON

extension SchemaAnalysis {
    /// The formula of a subschema.
    mutating func formula(
        ofSubschema value: JSONValue,
        at path: String,
        base: String
    ) throws(ConstraintError) -> Int {
        switch value {
        case .bool(let allows): return allows ? Formulas.always : Formulas.never
        case .object(let object):
            if object.isEmpty { return Formulas.always }
            return formulas.add(.schema(document.number(of: value, path: path, base: base)))
        default:
            throw .malformed(keyword: "schema", path: path, reason: "it is \(value.kind), not an object or a Boolean")
        }
    }

    /// A subschema's keywords, with what is needed to read those that hold subschemas.
    struct Keywords {
        let object: JSONObject
        let path: String
        let base: String
        let dialect: SchemaDialect

        subscript(keyword: String) -> JSONValue? { dialect.knows(keyword) ? object[keyword] : nil }

        func malformed(_ keyword: String, _ reason: String) -> ConstraintError {
            .malformed(keyword: keyword, path: path, reason: reason)
        }

        func unsupported(_ keyword: String, _ reason: String) -> ConstraintError {
            .unsupported(keyword: keyword, path: path, reason: reason)
        }

        /// A whole number from 0 up.
        func count(_ keyword: String) throws(ConstraintError) -> Int? {
            guard let value = self[keyword] else { return nil }
            guard let number = value.number, let text = DecimalText(number), text.fraction.isEmpty, !text.isNegative
            else {
                throw malformed(keyword, "it is not a whole number from 0 up")
            }
            return text.integer.count > 9 ? 1_000_000_000 : text.integer.reduce(0) { $0 * 10 + Int($1) }
        }

        func names(_ keyword: String, _ value: JSONValue) throws(ConstraintError) -> [Name] {
            guard let elements = value.array else { throw malformed(keyword, "it is not an array of names") }
            var names: [Name] = []
            for element in elements {
                guard let name = element.string else { throw malformed(keyword, "it is not an array of names") }
                names.append(Name(name))
            }
            return names
        }
    }

    /// The formula of the subschema that a keyword holds.
    mutating func formula(_ keywords: Keywords, _ keyword: String) throws(ConstraintError) -> Int? {
        guard let value = keywords[keyword] else { return nil }
        return try formula(ofSubschema: value, at: keywords.path + "/" + keyword, base: keywords.base)
    }

    /// The formulas of the subschemas that a keyword lists.
    mutating func formulas(_ keywords: Keywords, _ keyword: String) throws(ConstraintError) -> [Int]? {
        guard let value = keywords[keyword] else { return nil }
        guard let elements = value.array else { throw keywords.malformed(keyword, "it is not an array") }
        var result: [Int] = []
        for (index, element) in elements.enumerated() {
            let path = "\(keywords.path)/\(keyword)/\(index)"
            result.append(try formula(ofSubschema: element, at: path, base: keywords.base))
        }
        return result
    }

    /// What a subschema leaves of all values.
    mutating func form(ofSchema number: Int) throws(ConstraintError) -> SchemaForm {
        let place = document.places[number]
        guard let object = place.value.object else { return place.value.bool == false ? .none : .all }
        let keywords = Keywords(object: object, path: place.path, base: place.base, dialect: document.dialect)

        let reference = try self.reference(keywords, place: number)
        if let reference, document.dialect.ignoresSiblingsOfReferences { return try form(of: reference) }

        var form = try self.form(ofTypes: keywords)
        try restrictScalars(&form, keywords)
        try restrictArrays(&form, keywords)
        try restrictObjects(&form, keywords)
        if let constant = keywords["const"] {
            form = try intersection(form, self.form(ofConstants: [constant], keyword: "const"))
        }
        if let values = keywords["enum"] {
            guard let elements = values.array else { throw keywords.malformed("enum", "it is not an array") }
            form = try intersection(form, self.form(ofConstants: elements, keyword: "enum"))
        }
        for formula in try applied(keywords, reference: reference) {
            form = try intersection(form, self.form(of: formula))
        }
        return form
    }

    private mutating func reference(_ keywords: Keywords, place: Int) throws(ConstraintError) -> Int? {
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            guard let value = keywords[keyword] else { continue }
            guard let text = value.string else { throw keywords.malformed(keyword, "it is not a string") }
            if keyword == "$dynamicRef", !document.isStatic(dynamicReference: text) {
                throw keywords.unsupported(keyword, "several anchors have its name")
            }
            guard let target = document.resolve(text, from: place) else {
                throw .unresolvedReference(text, path: keywords.path)
            }
            let schema = document.places[target]
            return try formula(ofSubschema: schema.value, at: schema.path, base: schema.base)
        }
        return nil
    }

    /// What keywords demand that apply other subschemas to the same value.
    private mutating func applied(_ keywords: Keywords, reference: Int?) throws(ConstraintError) -> [Int] {
        var result: [Int] = []
        if let reference { result.append(reference) }
        if let parts = try formulas(keywords, "allOf") { result += parts }
        if let parts = try formulas(keywords, "anyOf") { result.append(formulas.any(parts)) }
        if let parts = try formulas(keywords, "oneOf") { result.append(formulas.one(parts)) }
        if let part = try formula(keywords, "not") { result.append(formulas.not(part)) }
        if let condition = try formula(keywords, "if") {
            let then = try formula(keywords, "then") ?? Formulas.always
            let otherwise = try formula(keywords, "else") ?? Formulas.always
            if then != Formulas.always {
                result.append(formulas.any([formulas.not(condition), then]))
            }
            if otherwise != Formulas.always {
                result.append(formulas.any([condition, otherwise]))
            }
        }
        for keyword in ["dependencies", "dependentSchemas"] {
            guard let value = keywords[keyword] else { continue }
            guard let members = value.object else { throw keywords.malformed(keyword, "it is not an object") }
            for member in members where member.value.array == nil {
                let path = "\(keywords.path)/\(keyword)/\(SchemaDocument.escaped(member.key))"
                let schema = try formula(ofSubschema: member.value, at: path, base: keywords.base)
                if schema == Formulas.always { continue }
                let absent = formulas.add(.object(ObjectForm(members: [Name(member.key): Formulas.never])))
                result.append(formulas.any([absent, schema]))
            }
        }
        return result
    }

    private func form(ofTypes keywords: Keywords) throws(ConstraintError) -> SchemaForm {
        guard let value = keywords["type"] else { return .all }
        let names: [JSONValue] = value.array ?? [value]
        var form = SchemaForm.none
        for name in names {
            switch name.string {
            case "null": form.allowsNull = true
            case "boolean":
                form.allowsTrue = true
                form.allowsFalse = true
            case "number": form.numbers = .all
            case "integer":
                let integers = try located("type") { () throws(LanguageError) in try NumberLanguage.integers() }
                form.numbers = try located("type") { () throws(LanguageError) in try form.numbers.union(integers) }
            case "string": form.strings = .all
            case "array": form.arrays = [ArrayForm()]
            case "object": form.objects = [ObjectForm()]
            case "any" where keywords.dialect == .draft4: form = .all
            default: throw keywords.malformed("type", "\(name) is no type")
            }
        }
        return form
    }

    /// The form of listed values.
    mutating func form(ofConstants values: [JSONValue], keyword: String) throws(ConstraintError) -> SchemaForm {
        var form = SchemaForm.none
        var texts: Set<Name> = []
        var numbers: [DecimalText] = []
        for value in values {
            switch value {
            case .null: form.allowsNull = true
            case .bool(true): form.allowsTrue = true
            case .bool(false): form.allowsFalse = true
            case .string(let text): texts.insert(Name(text))
            case .number(let number):
                guard let text = DecimalText(number) else {
                    throw .tooComplex(what: "digits of a number", limit: 400, path: path)
                }
                numbers.append(text)
            case .array(let elements):
                var array = ArrayForm(minimum: elements.count, maximum: elements.count)
                for element in elements { array.prefix.append(formulas.add(.constant(element))) }
                form.arrays.append(array)
            case .object(let members):
                var object = ObjectForm()
                for member in members {
                    object.members[Name(member.key)] = formulas.add(.constant(member.value))
                    object.required.insert(Name(member.key))
                }
                object.rules = [.init(patterns: [], otherwise: Formulas.never)]
                form.objects.append(object)
            }
        }
        guard max(form.arrays.count, form.objects.count) <= limits.maximumAlternatives else {
            throw .tooComplex(what: "alternatives", limit: limits.maximumAlternatives, path: path)
        }
        form.strings = .texts(texts)
        if !numbers.isEmpty {
            form.numbers = try located(keyword) { () throws(LanguageError) in try NumberLanguage.values(numbers) }
        }
        return form
    }

    private mutating func restrictScalars(_ form: inout SchemaForm, _ keywords: Keywords) throws(ConstraintError) {
        if !form.numbers.isEmpty { try restrictNumbers(&form.numbers, keywords) }
        guard !form.strings.isEmpty else { return }
        var strings = form.strings
        if let minimum = try keywords.count("minLength") { strings.minimum = max(strings.minimum, minimum) }
        if let maximum = try keywords.count("maxLength") { strings.maximum = min(strings.maximum ?? .max, maximum) }
        if let value = keywords["pattern"] {
            guard let pattern = value.string else { throw keywords.malformed("pattern", "it is not a string") }
            let automaton = try automaton(pattern: pattern, keyword: "pattern")
            let language = StringLanguage(body: automaton.isUniversal ? .all : .automaton(automaton))
            strings = try located("pattern") { () throws(LanguageError) in try strings.intersection(language) }
        }
        if let value = keywords["format"], let name = value.string, isAsserted(keywords.dialect) {
            switch StringFormat(name) {
            case .known(let automaton):
                let automaton = try located("format") { () throws(LanguageError) in try automaton.get() }
                var language = StringLanguage(body: .automaton(automaton), approximation: "format \(name)")
                // RFC 1123 and RFC 1035: counted, because states for it would be many.
                if name.hasSuffix("hostname") { language.maximum = 253 }
                strings = try located("format") { () throws(LanguageError) in try strings.intersection(language) }
            case .unenforceable: throw keywords.unsupported("format", "\(name) is no regular language")
            case .undefined: break
            }
        }
        form.strings = strings
    }

    private func isAsserted(_ dialect: SchemaDialect) -> Bool {
        switch options.formats {
        case .asserted: true
        case .ignored: false
        case .byDialect: !namesDialect || dialect < .draft2019
        }
    }

    private func restrictNumbers(_ allowed: inout NumberLanguage, _ keywords: Keywords) throws(ConstraintError) {
        func bound(_ keyword: String) throws(ConstraintError) -> DecimalText? {
            guard let value = keywords[keyword], value.bool == nil else { return nil }
            guard let number = value.number else { throw keywords.malformed(keyword, "it is not a number") }
            guard let text = DecimalText(number) else {
                throw .tooComplex(what: "digits of a number", limit: 400, path: keywords.path)
            }
            return text
        }
        var numbers = allowed
        defer { allowed = numbers }
        func restrict(_ keyword: String, _ body: () throws(LanguageError) -> NumberLanguage) throws(ConstraintError) {
            numbers = try located(keyword) { () throws(LanguageError) in try numbers.intersection(body()) }
        }
        if let minimum = try bound("minimum") {
            // Draft 4 has `exclusiveMinimum: true` beside the bound.
            let exclusive = keywords["exclusiveMinimum"]?.bool == true
            try restrict("minimum") { () throws(LanguageError) in try .atLeast(minimum, exclusive: exclusive) }
        }
        if let maximum = try bound("maximum") {
            let exclusive = keywords["exclusiveMaximum"]?.bool == true
            try restrict("maximum") { () throws(LanguageError) in try .atMost(maximum, exclusive: exclusive) }
        }
        if let minimum = try bound("exclusiveMinimum") {
            try restrict("exclusiveMinimum") { () throws(LanguageError) in try .atLeast(minimum, exclusive: true) }
        }
        if let maximum = try bound("exclusiveMaximum") {
            try restrict("exclusiveMaximum") { () throws(LanguageError) in try .atMost(maximum, exclusive: true) }
        }
        if let divisor = try bound("multipleOf") {
            guard !divisor.isNegative, !divisor.isZero else {
                throw keywords.malformed("multipleOf", "it is not above 0")
            }
            try restrict("multipleOf") { () throws(LanguageError) in try .multiples(of: divisor) }
        }
    }
}
