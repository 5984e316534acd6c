import QwenJSON

/// Compares a value with a schema.
struct SchemaValidator {
    /// Where in the value the comparison is.
    struct Place {
        var pointer = ""
        var depth = 0

        func stepping(_ key: String) -> Place {
            var escaped = ""
            for scalar in key.unicodeScalars {
                switch scalar {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return Place(pointer: pointer + "/" + escaped, depth: depth + 1)
        }

        var deeper: Place { Place(pointer: pointer, depth: depth + 1) }
    }

    let root: JSONValue
    let limit: Int
    /// Comparisons that may still be made: alternatives within alternatives multiply.
    private var budget = 200_000

    init(root: JSONValue, limit: Int) {
        self.root = root
        self.limit = max(1, limit)
    }

    private static let deepest = 300

    mutating func validate(
        _ value: JSONValue,
        _ schema: JSONValue,
        _ place: Place,
        _ found: inout [SchemaViolation]
    ) {
        guard found.count < limit else { return }
        budget -= 1
        guard budget > 0, place.depth < Self.deepest else {
            return found.append(
                SchemaViolation(pointer: place.pointer, keyword: "$ref", reason: "the schema takes too long to check")
            )
        }
        switch schema {
        case .bool(false):
            found.append(SchemaViolation(pointer: place.pointer, keyword: "false", reason: "nothing is allowed here"))
        case .object(let keywords):
            for keyword in keywords {
                guard found.count < limit else { return }
                check(keyword.key, keyword.value, of: keywords, value, place, &found)
            }
        default:
            break
        }
    }

    private mutating func isValid(_ value: JSONValue, _ schema: JSONValue, _ place: Place) -> Bool {
        var found: [SchemaViolation] = []
        validate(value, schema, place.deeper, &found)
        return found.isEmpty
    }

    private mutating func check(
        _ keyword: String,
        _ argument: JSONValue,
        of schema: JSONObject,
        _ value: JSONValue,
        _ place: Place,
        _ found: inout [SchemaViolation]
    ) {
        switch keyword {
        case "$ref":
            guard let target = argument.string.flatMap(resolve) else {
                return add(keyword, "\(argument) cannot be resolved", place, &found)
            }
            validate(value, target, place.deeper, &found)
        case "allOf":
            for alternative in argument.array ?? [] { validate(value, alternative, place.deeper, &found) }
        case "anyOf":
            for alternative in argument.array ?? [] where isValid(value, alternative, place) { return }
            add(keyword, "\(Self.short(value)) is none of what is allowed here", place, &found)
        case "oneOf":
            var count = 0
            for alternative in argument.array ?? [] where isValid(value, alternative, place) { count += 1 }
            if count != 1 {
                add(keyword, "\(Self.short(value)) is \(count) of what is allowed here, not one", place, &found)
            }
        case "not":
            if isValid(value, argument, place) {
                add(keyword, "\(Self.short(value)) is not allowed here", place, &found)
            }
        case "if":
            if let next = schema[isValid(value, argument, place) ? "then" : "else"] {
                validate(value, next, place.deeper, &found)
            }
        default:
            if let reason = SchemaAssertion.violation(keyword, argument, value) {
                return add(keyword, reason, place, &found)
            }
            checkContents(keyword, argument, of: schema, value, place, &found)
        }
    }

    private mutating func checkContents(
        _ keyword: String,
        _ argument: JSONValue,
        of schema: JSONObject,
        _ value: JSONValue,
        _ place: Place,
        _ found: inout [SchemaViolation]
    ) {
        switch (keyword, value) {
        case ("properties", .object(let object)):
            for property in argument.object ?? [:] {
                if let member = object[property.key] {
                    validate(member, property.value, place.stepping(property.key), &found)
                }
            }
        case ("patternProperties", .object(let object)):
            for pattern in argument.object ?? [:] {
                for member in object where SchemaAssertion.matches(pattern.key, member.key) == true {
                    validate(member.value, pattern.value, place.stepping(member.key), &found)
                }
            }
        case ("additionalProperties", .object(let object)):
            let properties = schema["properties"]?.object ?? [:]
            let patterns = schema["patternProperties"]?.object ?? [:]
            let others = object.filter { member in
                properties[member.key] == nil
                    && !patterns.contains { SchemaAssertion.matches($0.key, member.key) == true }
            }
            if case .bool(false) = argument, let other = others.first {
                add(keyword, "there is no property \(JSONValue.string(other.key))", place, &found)
            } else {
                for member in others { validate(member.value, argument, place.stepping(member.key), &found) }
            }
        case ("propertyNames", .object(let object)):
            for member in object { validate(.string(member.key), argument, place.deeper, &found) }
        case ("prefixItems", .array(let elements)):
            for (index, (element, schema)) in zip(elements, argument.array ?? []).enumerated() {
                validate(element, schema, place.stepping("\(index)"), &found)
            }
        case ("items", .array(let elements)):
            let start = schema["prefixItems"]?.array?.count ?? 0
            for (index, element) in elements.enumerated().dropFirst(start) {
                validate(element, argument, place.stepping("\(index)"), &found)
            }
        case ("contains", .array(let elements)):
            var count = 0
            for element in elements where isValid(element, argument, place) { count += 1 }
            let least = schema["minContains"]?.int ?? 1
            if count < least || count > schema["maxContains"]?.int ?? .max {
                add(keyword, "\(count) of the elements are of the kind that must be there", place, &found)
            }
        default:
            break
        }
    }

    private func add(_ keyword: String, _ reason: String, _ place: Place, _ found: inout [SchemaViolation]) {
        found.append(SchemaViolation(pointer: place.pointer, keyword: keyword, reason: reason))
    }

    /// The part of the schema that a reference such as `#/$defs/city` names.
    private func resolve(_ reference: String) -> JSONValue? {
        guard reference.utf8.first == UInt8(ascii: "#") else { return nil }
        let pointer = Array(reference.utf8.dropFirst())
        guard pointer.isEmpty || pointer[0] == UInt8(ascii: "/") else { return nil }
        var value = root
        for step in pointer.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        where !pointer.isEmpty {
            let key = Self.unescaped(step)
            guard let next = value[key] ?? Int(key).flatMap({ value[$0] }) else { return nil }
            value = next
        }
        return value
    }

    private static func unescaped(_ step: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = step
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "~"), let next = rest.first, next == UInt8(ascii: "0") || next == UInt8(ascii: "1")
            {
                rest.removeFirst()
                bytes.append(next == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
            } else if byte == UInt8(ascii: "%"),
                let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                rest = rest.dropFirst(2)
                bytes.append(code)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A value as an error shows it.
    static func short(_ value: JSONValue) -> String {
        let text = value.serialized()
        return text.utf8.count <= 80 ? text : String(text.prefix(60)) + "…"
    }
}
