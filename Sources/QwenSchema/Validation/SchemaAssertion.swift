import QwenJSON

/// The keywords that look at a value and not at others inside of it.
enum SchemaAssertion {
    /// What is wrong by one keyword; `nil` where nothing is, or where the keyword is another's.
    static func violation(_ keyword: String, _ argument: JSONValue, _ value: JSONValue) -> String? {
        switch (keyword, value) {
        case ("type", _):
            let names = argument.array?.compactMap(\.string) ?? [argument.string].compactMap(\.self)
            if names.contains(where: { isOfType(value, $0) }) { return nil }
            return "\(SchemaValidator.short(value)) is not of type \(names.joined(separator: " or "))"
        case ("enum", _):
            guard let choices = argument.array, !choices.contains(where: { areEqual($0, value) }) else { return nil }
            return "\(SchemaValidator.short(value)) is not one of \(SchemaValidator.short(argument))"
        case ("const", _):
            return areEqual(argument, value)
                ? nil : "\(SchemaValidator.short(value)) is not \(SchemaValidator.short(argument))"
        case (_, .number(let number)): return violation(keyword, argument, number)
        case (_, .string(let text)): return violation(keyword, argument, text)
        case (_, .array(let elements)): return violation(keyword, argument, elements)
        case (_, .object(let object)): return violation(keyword, argument, object)
        default: return nil
        }
    }

    private static func isOfType(_ value: JSONValue, _ name: String) -> Bool {
        if name == "integer" { return value.number?.isWhole == true }
        return value.kind == name
    }

    /// Equality as JSON Schema has it: numbers by their value, objects whatever the order of their members.
    static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left.hasSameValue(as: right)
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { areEqual($0, $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { member in right[member.key].map { areEqual($0, member.value) } ?? false }
        default: left == right
        }
    }

    // MARK: Numbers

    private static func violation(_ keyword: String, _ argument: JSONValue, _ number: JSONNumber) -> String? {
        guard let limit = argument.number else { return nil }
        switch keyword {
        case "minimum": return isLess(number, limit) ? "\(number) is less than \(limit)" : nil
        case "maximum": return isLess(limit, number) ? "\(number) is greater than \(limit)" : nil
        case "exclusiveMinimum": return isLess(limit, number) ? nil : "\(number) is not greater than \(limit)"
        case "exclusiveMaximum": return isLess(number, limit) ? nil : "\(number) is not less than \(limit)"
        case "multipleOf":
            if let value = number.int, let step = limit.int {
                return step == 0 || value.isMultiple(of: step) ? nil : "\(number) is no multiple of \(limit)"
            }
            guard let value = number.double, let step = limit.double, step != 0 else { return nil }
            let quotient = value / step
            return quotient == quotient.rounded(.towardZero) ? nil : "\(number) is no multiple of \(limit)"
        default: return nil
        }
    }

    /// Whether a number is less than another: exactly for integers of any length, else as far as `Double` reaches.
    private static func isLess(_ left: JSONNumber, _ right: JSONNumber) -> Bool {
        if let left = left.int, let right = right.int { return left < right }
        if left.isInteger, right.isInteger {
            let (leftNegative, rightNegative) = (left.literal.hasPrefix("-"), right.literal.hasPrefix("-"))
            if leftNegative != rightNegative { return leftNegative }
            let (low, high) = leftNegative ? (right.literal, left.literal) : (left.literal, right.literal)
            let (lowCount, highCount) = (low.utf8.count, high.utf8.count)
            return lowCount != highCount ? lowCount < highCount : low.utf8.lexicographicallyPrecedes(high.utf8)
        }
        return (Double(left.literal) ?? 0) < (Double(right.literal) ?? 0)
    }

    // MARK: Texts

    private static func violation(_ keyword: String, _ argument: JSONValue, _ text: String) -> String? {
        switch keyword {
        case "minLength":
            guard let least = count(argument), text.unicodeScalars.count < least else { return nil }
            return "\(SchemaValidator.short(.string(text))) is shorter than \(least)"
        case "maxLength":
            guard let most = count(argument), text.unicodeScalars.count > most else { return nil }
            return "\(SchemaValidator.short(.string(text))) is longer than \(most)"
        case "pattern":
            guard let pattern = argument.string, matches(pattern, text) == false else { return nil }
            return "\(SchemaValidator.short(.string(text))) does not match \(pattern)"
        default: return nil
        }
    }

    /// Whether a pattern is found in a text; `nil` for a pattern that `Regex` cannot read.
    static func matches(_ pattern: String, _ text: String) -> Bool? {
        guard let regex = try? Regex(pattern).matchingSemantics(.unicodeScalar) else { return nil }
        return (try? regex.firstMatch(in: text)) != nil
    }

    // MARK: Arrays and objects

    private static func violation(_ keyword: String, _ argument: JSONValue, _ elements: [JSONValue]) -> String? {
        switch keyword {
        case "minItems":
            guard let least = count(argument), elements.count < least else { return nil }
            return "there are \(elements.count) elements, fewer than \(least)"
        case "maxItems":
            guard let most = count(argument), elements.count > most else { return nil }
            return "there are \(elements.count) elements, more than \(most)"
        case "uniqueItems":
            guard argument.bool == true else { return nil }
            for (index, element) in elements.enumerated() {
                if elements[..<index].contains(where: { areEqual($0, element) }) {
                    return "\(SchemaValidator.short(element)) stands there twice"
                }
            }
            return nil
        default: return nil
        }
    }

    private static func violation(_ keyword: String, _ argument: JSONValue, _ object: JSONObject) -> String? {
        switch keyword {
        case "required":
            let missing = (argument.array ?? []).compactMap(\.string).filter { object[$0] == nil }
            return missing.isEmpty ? nil : "missing: " + missing.joined(separator: ", ")
        case "dependentRequired":
            for member in argument.object ?? [:] where object[member.key] != nil {
                let missing = (member.value.array ?? []).compactMap(\.string).filter { object[$0] == nil }
                if !missing.isEmpty { return "\(member.key) needs \(missing.joined(separator: ", "))" }
            }
            return nil
        case "minProperties":
            guard let least = count(argument), object.count < least else { return nil }
            return "there are \(object.count) properties, fewer than \(least)"
        case "maxProperties":
            guard let most = count(argument), object.count > most else { return nil }
            return "there are \(object.count) properties, more than \(most)"
        default: return nil
        }
    }

    /// A count in a schema, which may be written `2.0`.
    private static func count(_ argument: JSONValue) -> Int? {
        argument.int ?? argument.double.flatMap { Int(exactly: $0) }
    }
}
