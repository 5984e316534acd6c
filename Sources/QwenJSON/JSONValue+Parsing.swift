extension JSONValue {
    /// Reads a JSON text.
    ///
    /// - Parameters:
    ///   - text: one JSON value, with white space around it or none.
    ///   - options: limits and choices.
    /// - Throws: ``JSONError`` where the text is malformed, has a duplicate key or exceeds a limit.
    /// - Complexity: O(length of the text).
    public init(parsing text: String, options: JSONReadingOptions = .init()) throws(JSONError) {
        var text = text
        let outcome: Result<JSONValue, JSONError> = text.withUTF8 { utf8 in
            do throws(JSONError) {
                return .success(try JSONValue(parsing: UnsafeRawBufferPointer(utf8), options: options))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }

    /// Reads a JSON text.
    ///
    /// - Parameters:
    ///   - bytes: one JSON value in UTF-8, with white space around it or none.
    ///   - options: limits and choices.
    /// - Throws: ``JSONError`` where the text is malformed, has a duplicate key or exceeds a limit.
    /// - Complexity: O(length of the text).
    public init(parsing bytes: [UInt8], options: JSONReadingOptions = .init()) throws(JSONError) {
        let outcome: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try JSONValue(parsing: bytes, options: options))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }

    /// Reads a JSON text.
    ///
    /// - Parameters:
    ///   - bytes: one JSON value in UTF-8, with white space around it or none.
    ///   - options: limits and choices.
    /// - Throws: ``JSONError`` where the text is malformed, has a duplicate key or exceeds a limit.
    /// - Complexity: O(length of the text). Nesting is followed without recursion.
    public init(parsing bytes: UnsafeRawBufferPointer, options: JSONReadingOptions = .init()) throws(JSONError) {
        var builder = JSONTreeBuilder(reader: try JSONReader(bytes, options: options))
        self = try builder.build()
    }
}

/// Builds a tree from a reader's events, with an explicit stack.
///
/// Finished values wait in one shared array until their container closes and takes its part of them; thus every
/// container is allocated once, at its final size.
private struct JSONTreeBuilder: ~Copyable {
    var reader: JSONReader
    var values: [JSONValue] = []
    var keys: [(text: String, offset: Int)] = []
    /// For every open container, how many values and keys were waiting when it opened.
    var openings: [(values: Int, keys: Int)] = []

    init(reader: consuming JSONReader) {
        self.reader = reader
    }

    mutating func build() throws(JSONError) -> JSONValue {
        while true {
            switch try reader.next() {
            case .beginObject, .beginArray:
                openings.append((values.count, keys.count))
            case .key:
                keys.append((reader.text, reader.offset))
            case .string:
                values.append(.string(reader.text))
            case .number:
                values.append(.number(JSONNumber(unchecked: reader.text)))
            case .bool(let value):
                values.append(.bool(value))
            case .null:
                values.append(.null)
            case .endArray:
                guard let opening = openings.popLast() else { continue }
                let elements = Array(values[opening.values...])
                values.removeSubrange(opening.values...)
                values.append(.array(elements))
            case .endObject:
                guard let opening = openings.popLast() else { continue }
                let object = try makeObject(opening)
                values.append(.object(object))
            case .end:
                // The reader ends only after one whole value.
                return values.popLast() ?? .null
            }
        }
    }

    private mutating func makeObject(_ opening: (values: Int, keys: Int)) throws(JSONError) -> JSONObject {
        let count = keys.count - opening.keys
        var members: [JSONObject.Member] = []
        members.reserveCapacity(count)
        for position in 0..<count {
            members.append(
                JSONObject.Member(
                    key: keys[opening.keys + position].text,
                    value: values[opening.values + position]
                )
            )
        }
        var duplicate: Int?
        let object = JSONObject(checking: members, duplicate: &duplicate)
        if let duplicate {
            let key = keys[opening.keys + duplicate]
            throw JSONError(.duplicateKey(key.text), at: key.offset, in: reader.bytes)
        }
        keys.removeSubrange(opening.keys...)
        values.removeSubrange(opening.values...)
        return object
    }
}
