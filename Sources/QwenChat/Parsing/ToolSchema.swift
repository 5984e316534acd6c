import QwenJSON

/// What a tool's schema says about the types of its parameters: Coder's form writes values without telling them apart.
struct ToolSchema: Sendable {
    private let root: JSONObject
    private let properties: JSONObject

    init(_ tool: ToolDefinition) {
        root = tool.parameters ?? [:]
        properties = root["properties"]?.object ?? [:]
    }

    /// The value that a text stands for, by the types that the schema allows for the parameter.
    ///
    /// A text that has none of them, and a parameter that the schema does not know, gives a string; the validation says
    /// then what is wrong. Besides JSON's `true`, `false` and `null` those of Python are read, which is how the template
    /// writes them.
    func value(of text: String, forParameter name: String) -> JSONValue {
        var types = AllowedTypes()
        if let schema = properties[name] { collect(schema, into: &types, depth: 0) }
        if let value = types.constants.first(where: { hasSameText($0, text) }) { return value }
        let trimmed = PythonText.trimming(text)
        if types.names.contains("null"), trimmed == "null" || trimmed == "None" { return .null }
        if types.names.contains("boolean") {
            if trimmed == "true" || trimmed == "True" { return true }
            if trimmed == "false" || trimmed == "False" { return false }
        }
        if let number = JSONNumber(literal: trimmed) {
            if types.names.contains("number") || types.names.contains("integer") && number.isWhole {
                return .number(number)
            }
        }
        if types.names.contains("array") || types.names.contains("object"),
            let value = try? JSONValue(parsing: trimmed),
            types.names.contains(value.kind)
        {
            return value
        }
        return .string(text)
    }

    private struct AllowedTypes {
        var names: Set<String> = []
        var constants: [JSONValue] = []
    }

    private func collect(_ schema: JSONValue, into types: inout AllowedTypes, depth: Int) {
        guard depth < Self.deepestReference, let schema = schema.object else { return }
        if let name = schema["type"]?.string { types.names.insert(name) }
        for name in schema["type"]?.array ?? [] { if let name = name.string { types.names.insert(name) } }
        var constants = schema["enum"]?.array ?? []
        if let constant = schema["const"] { constants.append(constant) }
        if !constants.isEmpty, schema["type"] == nil { types.names.formUnion(constants.map(\.kind)) }
        types.constants += constants
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for alternative in schema[keyword]?.array ?? [] { collect(alternative, into: &types, depth: depth + 1) }
        }
        if let reference = schema["$ref"]?.string, let target = resolve(reference) {
            collect(target, into: &types, depth: depth + 1)
        }
    }

    private func resolve(_ reference: String) -> JSONValue? {
        guard reference.utf8.starts(with: "#/".utf8) else { return nil }
        var value = JSONValue.object(root)
        for step in reference.utf8.dropFirst(2).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let next = value[String(decoding: step, as: UTF8.self)] else { return nil }
            value = next
        }
        return value
    }

    /// Whether a text is how the template writes a value.
    private func hasSameText(_ value: JSONValue, _ text: String) -> Bool {
        switch value {
        case .array, .object: false
        default: PythonText.string(value).utf8.elementsEqual(text.utf8)
        }
    }

    /// References may form a ring.
    private static let deepestReference = 8
}
