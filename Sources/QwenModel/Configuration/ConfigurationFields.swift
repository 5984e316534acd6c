internal import QwenJSON

/// Reads the fields of a configuration file, each with its range.
///
/// An absent key and an explicit `null` mean the same, as in the files that Hugging Face writes.
struct ConfigurationFields {
    let object: JSONObject
    /// The key of the enclosing object with a dot after it; empty at the top.
    let prefix: String

    init(_ object: JSONObject, prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    /// Reads the top of a file.
    init(parsing bytes: UnsafeRawBufferPointer) throws(ConfigurationError) {
        let value: JSONValue
        do {
            value = try JSONValue(
                parsing: bytes,
                options: JSONReadingOptions(maximumDepth: 64, maximumByteCount: Self.maximumByteCount)
            )
        } catch {
            throw .malformed(error)
        }
        guard let object = value.object else { throw .notAnObject(kind: value.kind) }
        self.init(object)
    }

    /// Far above what any configuration file has.
    static let maximumByteCount = 16 << 20

    /// The value for a key unless it is absent or `null`.
    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func required<Value>(_ key: String, _ value: Value?) throws(ConfigurationError) -> Value {
        guard let value else { throw .missing(key: prefix + key) }
        return value
    }

    func invalid(_ key: String, _ reason: String) -> ConfigurationError {
        .invalid(key: prefix + key, value: object[key] ?? .null, reason: reason)
    }

    func unsupported(_ key: String, _ reason: String) -> ConfigurationError {
        .unsupported(key: prefix + key, value: object[key] ?? .null, reason: reason)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.int else { throw invalid(key, "an integer is needed") }
        guard range.contains(integer) else {
            throw invalid(key, "it must lie within \(range.lowerBound)…\(range.upperBound)")
        }
        return integer
    }

    func real(_ key: String, in range: ClosedRange<Double>) throws(ConfigurationError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let real = value.double else { throw invalid(key, "a finite number is needed") }
        guard range.contains(real) else {
            throw invalid(key, "it must lie within \(range.lowerBound)…\(range.upperBound)")
        }
        return real
    }

    func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else { throw invalid(key, "true or false is needed") }
        return flag
    }

    func text(_ key: String) throws(ConfigurationError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw invalid(key, "a string is needed") }
        return text
    }

    func fields(_ key: String) throws(ConfigurationError) -> ConfigurationFields? {
        guard let value = value(key) else { return nil }
        guard let object = value.object else { throw invalid(key, "an object is needed") }
        return ConfigurationFields(object, prefix: prefix + key + ".")
    }

    func list(_ key: String) throws(ConfigurationError) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let list = value.array else { throw invalid(key, "a list is needed") }
        return list
    }

    /// A list of integers, each within a range.
    func integers(_ key: String, in range: Range<Int>) throws(ConfigurationError) -> [Int]? {
        guard let list = try list(key) else { return nil }
        var integers: [Int] = []
        for element in list {
            guard let integer = element.int, range.contains(integer) else {
                throw invalid(key, "every element must be an integer within \(range.lowerBound)..<\(range.upperBound)")
            }
            integers.append(integer)
        }
        return integers
    }

    /// One token id or a list of them.
    func tokenIDs(_ key: String, vocabularySize: Int) throws(ConfigurationError) -> [Int] {
        guard let value = value(key) else { return [] }
        let elements = value.array ?? [value]
        guard elements.count <= Self.maximumTokenIDs else {
            throw invalid(key, "more than \(Self.maximumTokenIDs) token ids")
        }
        var ids: [Int] = []
        for element in elements {
            guard let id = element.int, (0..<vocabularySize).contains(id) else {
                throw invalid(key, "a token id must be an integer below the vocabulary's size, \(vocabularySize)")
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private static let maximumTokenIDs = 256
}
