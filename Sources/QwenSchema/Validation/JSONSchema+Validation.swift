public import QwenJSON

extension JSONSchema {
    /// Says in which ways a value is not what the schema asks for.
    ///
    /// The keywords of JSON Schema 2020-12 that describe values: `type`, `enum`, `const`; `properties`, `required`,
    /// `additionalProperties`, `patternProperties`, `propertyNames`, `minProperties`, `maxProperties`, `dependentRequired`;
    /// `items`, `prefixItems`, `contains`, `minItems`, `maxItems`, `uniqueItems`; `minimum`, `maximum`, `exclusiveMinimum`,
    /// `exclusiveMaximum`, `multipleOf`; `minLength`, `maxLength`, `pattern`; `allOf`, `anyOf`, `oneOf`, `not`, `if`, `then`,
    /// `else`; `$ref` within the schema. Others are not looked at, `format` among them, as the specification has it; nor is a
    /// pattern that Swift's `Regex` cannot read.
    ///
    /// A schema that would take too long, as one whose references form a ring, counts as violated.
    ///
    /// - Parameters:
    ///   - value: the value.
    ///   - limit: how many violations to look for.
    /// - Returns: the violations; empty where the value is valid.
    public func violations(of value: JSONValue, limit: Int = 16) -> [SchemaViolation] {
        var validator = SchemaValidator(root: json, limit: limit)
        var found: [SchemaViolation] = []
        validator.validate(value, json, SchemaValidator.Place(), &found)
        return found
    }

    /// Checks a value.
    ///
    /// - Parameter value: the value.
    /// - Throws: the first ``SchemaViolation``.
    public func validate(_ value: JSONValue) throws(SchemaViolation) {
        if let violation = violations(of: value, limit: 1).first { throw violation }
    }
}
