extension JSONSchema {
    /// Derives the schema of a type from the way it decodes itself.
    ///
    /// The type is decoded from placeholders while its requests are recorded. A property that is decoded "if present"
    /// (an optional, or one with a default) is not required; a nested type gives a nested schema; an enumeration with raw
    /// values that is `CaseIterable` gives its cases. Dates are `date-time` texts, `URL` and `UUID` texts of their format,
    /// dictionaries with `String` keys are objects with `additionalProperties`.
    ///
    /// ```swift
    /// struct Trip: Decodable { var city: String; var days: Int; var guide: String? }
    /// // {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, …},
    /// //  "required": ["city", "days"]}
    /// ```
    ///
    /// - Parameter type: the type.
    /// - Throws: ``SchemaDerivationError`` for a type that contains itself, or that refuses the placeholders.
    /// - Complexity: O(n) in the number of properties, nested ones included.
    public init<Value: Decodable>(of type: Value.Type) throws(SchemaDerivationError) {
        do {
            self = JSONSchema(try SchemaRecorder(path: ["root"]).record(type).schema)
        } catch let error as SchemaDerivationError {
            throw error
        } catch {
            throw .notReadable(type: "\(type)", path: "root", reason: "\(error)")
        }
    }
}
