import QwenJSON

/// A JSON value and where it stands, for errors that say where.
struct JSONField {
    let value: JSONValue
    let path: String

    init(_ value: JSONValue, _ path: String) {
        self.value = value
        self.path = path
    }

    /// An object whose members know where they stand.
    struct Members {
        let object: JSONObject
        let path: String

        /// The member's field; `nil` if it is missing or null.
        subscript(key: String) -> JSONField? {
            guard let value = object[key], value != .null else { return nil }
            return JSONField(value, "\(path).\(key)")
        }

        func require(_ key: String) throws(MessageFormatError) -> JSONField {
            guard let field = self[key] else { throw .missing(path: "\(path).\(key)") }
            return field
        }
    }

    func object() throws(MessageFormatError) -> Members {
        guard let object = value.object else { throw .wrongType(path: path, expected: "an object") }
        return Members(object: object, path: path)
    }

    func array() throws(MessageFormatError) -> [JSONField] {
        guard let elements = value.array else { throw .wrongType(path: path, expected: "an array") }
        return elements.enumerated().map { JSONField($0.element, "\(path)[\($0.offset)]") }
    }

    func string() throws(MessageFormatError) -> String {
        guard let string = value.string else { throw .wrongType(path: path, expected: "a string") }
        return string
    }

    func bool() throws(MessageFormatError) -> Bool {
        guard let bool = value.bool else { throw .wrongType(path: path, expected: "true or false") }
        return bool
    }
}
