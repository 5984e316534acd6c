public import QwenJSON

extension JSONSchema {
    /// A text.
    ///
    /// - Parameters:
    ///   - description: what it is for.
    ///   - choices: the texts that are allowed; `nil` for all.
    ///   - length: how many code points it may have.
    ///   - pattern: a regular expression that must be found in it.
    ///   - format: a name such as `date-time`, which the validation does not look at.
    /// - Returns: the schema.
    public static func string(
        _ description: String? = nil,
        choices: [String]? = nil,
        length: ClosedRange<Int>? = nil,
        pattern: String? = nil,
        format: String? = nil
    ) -> JSONSchema {
        make(
            "string",
            description,
            [
                ("enum", choices.map { .array($0.map(JSONValue.string)) }),
                ("minLength", length.map { .number(JSONNumber($0.lowerBound)) }),
                ("maxLength", length.map { .number(JSONNumber($0.upperBound)) }),
                ("pattern", pattern.map(JSONValue.string)), ("format", format.map(JSONValue.string)),
            ]
        )
    }

    /// A whole number.
    ///
    /// - Parameters:
    ///   - description: what it is for.
    ///   - range: its least and greatest value.
    /// - Returns: the schema.
    public static func integer(_ description: String? = nil, in range: ClosedRange<Int>? = nil) -> JSONSchema {
        make(
            "integer",
            description,
            [
                ("minimum", range.map { .number(JSONNumber($0.lowerBound)) }),
                ("maximum", range.map { .number(JSONNumber($0.upperBound)) }),
            ]
        )
    }

    /// A number.
    ///
    /// - Parameters:
    ///   - description: what it is for.
    ///   - range: its least and greatest value.
    /// - Returns: the schema.
    public static func number(_ description: String? = nil, in range: ClosedRange<Double>? = nil) -> JSONSchema {
        make(
            "number",
            description,
            [
                ("minimum", range.flatMap { JSONNumber($0.lowerBound).map(JSONValue.number) }),
                ("maximum", range.flatMap { JSONNumber($0.upperBound).map(JSONValue.number) }),
            ]
        )
    }

    /// True or false.
    ///
    /// - Parameter description: what it is for.
    /// - Returns: the schema.
    public static func boolean(_ description: String? = nil) -> JSONSchema {
        make("boolean", description, [])
    }

    /// A list.
    ///
    /// - Parameters:
    ///   - items: what each element must look like.
    ///   - description: what it is for.
    ///   - count: how many elements it may have.
    /// - Returns: the schema.
    public static func array(
        of items: JSONSchema,
        _ description: String? = nil,
        count: ClosedRange<Int>? = nil
    ) -> JSONSchema {
        make(
            "array",
            description,
            [
                ("items", items.json), ("minItems", count.map { .number(JSONNumber($0.lowerBound)) }),
                ("maxItems", count.map { .number(JSONNumber($0.upperBound)) }),
            ]
        )
    }

    /// An object.
    ///
    /// - Parameters:
    ///   - properties: its members, in order.
    ///   - optional: the members that may be left out.
    ///   - description: what it is for.
    /// - Returns: the schema.
    public static func object(
        _ properties: KeyValuePairs<String, JSONSchema>,
        optional: Set<String> = [],
        description: String? = nil
    ) -> JSONSchema {
        let required = properties.map(\.key).filter { !optional.contains($0) }
        return make(
            "object",
            description,
            [
                ("properties", .object(JSONObject(properties.map { .init(key: $0.key, value: $0.value.json) }))),
                ("required", required.isEmpty ? nil : .array(required.map(JSONValue.string))),
            ]
        )
    }

    private static func make(
        _ type: String,
        _ description: String?,
        _ keywords: [(name: String, value: JSONValue?)]
    ) -> JSONSchema {
        var object: JSONObject = ["type": .string(type)]
        object["description"] = description.map(JSONValue.string)
        for keyword in keywords { object[keyword.name] = keyword.value }
        return JSONSchema(.object(object))
    }

    // MARK: Changing a property

    /// The schema with a property described.
    ///
    /// - Parameters:
    ///   - property: the property's name, or a path such as `address.city`.
    ///   - text: what it is for.
    /// - Returns: the changed schema; the same one if there is no such property.
    public func describing(_ property: String, as text: String) -> JSONSchema {
        changing(property) { $0["description"] = .string(text) }
    }

    /// The schema with a number's range limited.
    ///
    /// - Parameters:
    ///   - property: the property's name, or a path such as `address.number`.
    ///   - range: its least and greatest value.
    /// - Returns: the changed schema; the same one if there is no such property.
    public func limiting(_ property: String, to range: ClosedRange<Int>) -> JSONSchema {
        changing(property) {
            $0["minimum"] = .number(JSONNumber(range.lowerBound))
            $0["maximum"] = .number(JSONNumber(range.upperBound))
        }
    }

    /// The schema with a keyword of a property set.
    ///
    /// - Parameters:
    ///   - keyword: the keyword, such as `pattern` or `maxItems`.
    ///   - property: the property's name, or a path such as `address.city`.
    ///   - value: the keyword's value; `nil` takes the keyword away.
    /// - Returns: the changed schema; the same one if there is no such property.
    public func setting(_ keyword: String, of property: String, to value: JSONValue?) -> JSONSchema {
        changing(property) { $0[keyword] = value }
    }

    /// The schema whose objects have no members beside the named ones, at every level.
    ///
    /// - Returns: the changed schema.
    public func closed() -> JSONSchema {
        JSONSchema(Self.closing(json))
    }

    private func changing(_ property: String, _ change: (inout JSONObject) -> Void) -> JSONSchema {
        let steps = property.split(separator: ".").map { String($0) }
        return JSONSchema(Self.changing(json, steps[...], change))
    }

    private static func changing(
        _ schema: JSONValue,
        _ steps: ArraySlice<String>,
        _ change: (inout JSONObject) -> Void
    ) -> JSONValue {
        guard case .object(var object) = schema else { return schema }
        if let step = steps.first {
            guard case .object(var properties)? = object["properties"], let property = properties[step] else {
                return schema
            }
            properties[step] = changing(property, steps.dropFirst(), change)
            object["properties"] = .object(properties)
        } else {
            change(&object)
        }
        return .object(object)
    }

    private static func closing(_ schema: JSONValue) -> JSONValue {
        guard case .object(var object) = schema else { return schema }
        if case .object(let properties)? = object["properties"] {
            object["properties"] = .object(
                JSONObject(properties.map { .init(key: $0.key, value: closing($0.value)) })
            )
            if object["additionalProperties"] == nil { object["additionalProperties"] = false }
        }
        for keyword in ["items", "additionalProperties"] {
            if let nested = object[keyword] { object[keyword] = closing(nested) }
        }
        for keyword in ["anyOf", "oneOf"] {
            if case .array(let alternatives)? = object[keyword] { object[keyword] = .array(alternatives.map(closing)) }
        }
        return .object(object)
    }
}
