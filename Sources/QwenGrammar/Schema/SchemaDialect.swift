internal import QwenJSON

/// Which edition of JSON Schema a schema is written in, as far as it changes what keywords mean.
enum SchemaDialect: Int, Comparable, Sendable {
    case draft4 = 4
    case draft6 = 6
    case draft7 = 7
    case draft2019 = 2019
    case draft2020 = 2020

    /// The edition that `$schema` names; nil where it names none.
    ///
    /// - Throws: where it names what is no edition of JSON Schema: its keywords may mean anything.
    init?(_ schema: JSONValue) throws(ConstraintError) {
        guard let name = schema["$schema"]?.string else { return nil }
        guard name.isEmpty || name.contains("json-schema.org") else {
            throw .unsupported(keyword: "$schema", path: "#", reason: "\(name) is no edition of JSON Schema")
        }
        switch true {
        case name.contains("draft-03"), name.contains("draft-04"): self = .draft4
        case name.contains("draft-06"): self = .draft6
        case name.contains("draft-07"): self = .draft7
        case name.contains("2019-09"): self = .draft2019
        case name.contains("2020-12"): self = .draft2020
        default: return nil
        }
    }

    static func < (left: SchemaDialect, right: SchemaDialect) -> Bool { left.rawValue < right.rawValue }

    /// Up to draft 7 what stands beside a `$ref` is ignored.
    var ignoresSiblingsOfReferences: Bool { self <= .draft7 }

    /// Whether a keyword has a meaning in this edition.
    func knows(_ keyword: String) -> Bool {
        switch keyword {
        case "const", "contains", "propertyNames": self >= .draft6
        case "if": self >= .draft7
        case "dependentRequired", "dependentSchemas", "minContains", "maxContains", "unevaluatedProperties",
            "unevaluatedItems", "$anchor", "$defs":
            self >= .draft2019
        case "prefixItems", "$dynamicRef": self >= .draft2020
        default: true
        }
    }
}
