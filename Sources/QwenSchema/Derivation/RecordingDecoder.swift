import QwenJSON

/// Answers a type's `init(from:)` with placeholders.
struct RecordingDecoder: Decoder {
    let recorder: SchemaRecorder
    let recording: Recording

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        recording.beginObject()
        return KeyedDecodingContainer(KeyedRecorder<Key>(recorder: recorder, recording: recording))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        recording.beginArray()
        return UnkeyedRecorder(recorder: recorder, recording: recording)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        SingleRecorder(recorder: recorder, recording: recording)
    }
}

/// An object's members.
private struct KeyedRecorder<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: SchemaRecorder
    let recording: Recording

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (schema, value) = try recorder.stepping(key.stringValue).record(type)
        recording.add(key.stringValue, schema, isRequired: true)
        return value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        let (schema, _) = try recorder.stepping(key.stringValue).record(type)
        recording.add(key.stringValue, schema, isRequired: false)
        return nil
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        throw unsupported(key, "a nested container")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw unsupported(key, "a nested container")
    }

    func superDecoder() throws -> any Decoder {
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "it decodes a superclass"))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        throw unsupported(key, "a superclass")
    }

    private func unsupported(_ key: Key, _ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [key], debugDescription: "it decodes \(what)"))
    }
}

// The protocol has a requirement for each basic type, whose defaults ask `contains` and `decodeNil`; all of them record.
extension KeyedRecorder {
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try required(type, key) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try required(type, key) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try required(type, key) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try required(type, key) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try required(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try required(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try required(type, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try required(type, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try required(type, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try required(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try required(type, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try required(type, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try required(type, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try required(type, key) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(type, key) }

    private func required<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value {
        let (schema, value) = try recorder.stepping(key.stringValue).record(type)
        recording.add(key.stringValue, schema, isRequired: true)
        return value
    }

    private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        let (schema, _) = try recorder.stepping(key.stringValue).record(type)
        recording.add(key.stringValue, schema, isRequired: false)
        return nil
    }
}

/// An array of one element.
private struct UnkeyedRecorder: UnkeyedDecodingContainer {
    let recorder: SchemaRecorder
    let recording: Recording

    var codingPath: [any CodingKey] { [] }
    var count: Int? { nil }
    var isAtEnd: Bool { recording.elementCount > 0 }
    var currentIndex: Int { recording.elementCount }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard recording.elementCount == 0 else { throw unsupported("elements of several kinds") }
        let (schema, value) = try recorder.stepping("[]").record(type)
        recording.addElement(schema)
        return value
    }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw unsupported("a nested container")
    }

    func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unsupported("a nested container") }

    func superDecoder() throws -> any Decoder { throw unsupported("a superclass") }

    private func unsupported(_ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "it decodes \(what)"))
    }
}

/// A type that is written as another one.
private struct SingleRecorder: SingleValueDecodingContainer {
    let recorder: SchemaRecorder
    let recording: Recording

    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try recorder.record(type)
        recording.set(schema)
        return value
    }
}
