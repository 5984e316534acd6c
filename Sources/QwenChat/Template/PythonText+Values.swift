import QwenJSON

extension PythonText {
    /// `str(value)` of a JSON value: a string as it is, `True`, `None`, and containers as Python prints them.
    static func string(_ value: JSONValue) -> String {
        if case .string(let text) = value { text } else { representation(value) }
    }

    /// `repr(value)` of a JSON value.
    ///
    /// - Complexity: O(n) in the size of the value. Recursive: the depth is bounded by what the JSON reader admits.
    static func representation(_ value: JSONValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .number: json(value)
        case .string(let text): representation(text)
        case .array(let elements): "[" + elements.map(representation).joined(separator: ", ") + "]"
        case .object(let object):
            "{" + object.map { representation($0.key) + ": " + representation($0.value) }.joined(separator: ", ") + "}"
        }
    }

    /// `json.dumps(value, ensure_ascii=False)`.
    static func json(_ value: JSONValue) -> String {
        value.serialized(.python)
    }

    /// `repr(text)`: single quotes unless only they occur, escapes for what is not printable.
    private static func representation(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            default:
                if isPrintable(scalar) {
                    result.append(scalar)
                } else {
                    result.append(contentsOf: escape(scalar).unicodeScalars)
                }
            }
        }
        result.append(quote)
        return String(result)
    }

    /// `str.isprintable` for one code point.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
