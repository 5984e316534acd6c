import QwenJSON

extension JSONValue {
    /// The text of a field that must be there.
    func requiredText(_ key: String) throws(FieldError) -> String {
        guard let text = self[key]?.string else { throw FieldError(key: key, expected: "a string") }
        return text
    }

    /// The token ids of a field that must be there.
    func requiredIDs(_ key: String) throws(FieldError) -> [Int] {
        guard let elements = self[key]?.array else { throw FieldError(key: key, expected: "an array of token ids") }
        var ids: [Int] = []
        ids.reserveCapacity(elements.count)
        for element in elements {
            guard let id = element.int else { throw FieldError(key: key, expected: "an array of token ids") }
            ids.append(id)
        }
        return ids
    }

    /// A number of something, 0 where the field is missing.
    func count(_ key: String) throws(FieldError) -> Int {
        guard let value = self[key], !value.isNull else { return 0 }
        guard let count = value.int, count >= 0 else { throw FieldError(key: key, expected: "an integer from 0") }
        return count
    }
}

/// A field of an input line is missing or something else than it must be.
struct FieldError: Error, CustomStringConvertible {
    let key: String
    let expected: String

    var description: String { "\"\(key)\" must be \(expected)." }
}

/// Appends `[1,2,3]`, without making a JSON value of each id first.
func appendJSON(_ ids: [Int], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "["))
    for (index, id) in ids.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { digits in
            var rest = id.magnitude
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if id < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            output.append(contentsOf: digits[start...])
        }
    }
    output.append(UInt8(ascii: "]"))
}
