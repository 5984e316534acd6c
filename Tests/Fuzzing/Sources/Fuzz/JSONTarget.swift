import QwenJSON

/// JSON: what is read, written and read again is the same.
enum JSONTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        skip(input)
        guard let value = try? JSONValue(parsing: input) else { return }
        // Python's form rounds numbers to doubles; the others keep their digits.
        _ = value.serialized(.python)
        var indented = JSONFormat.compact
        indented.indentation = 1
        for format in [JSONFormat.compact, indented] {
            guard let again = try? JSONValue(parsing: value.serializedBytes(format)) else {
                preconditionFailure("The written text cannot be read.")
            }
            precondition(again == value, "The written text says something else.")
            precondition(again.hashValue == value.hashValue, "Equal values have different hashes.")
        }
    }

    /// The reader that gives events knows of all mistakes but one: it does not remember keys.
    private static func skip(_ input: UnsafeRawBufferPointer) {
        guard var reader = try? JSONReader(input) else { return }
        let isValid = (try? reader.skip()) != nil && (try? reader.next()) == .end
        do throws(JSONError) {
            _ = try JSONValue(parsing: input)
            precondition(isValid, "The reader of events refuses what is valid.")
        } catch {
            if case .duplicateKey = error.reason { return }
            precondition(!isValid, "The reader of events takes what is invalid.")
        }
    }
}
