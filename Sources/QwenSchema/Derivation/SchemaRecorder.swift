import QwenJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Decodes types from placeholders and records what they ask for.
struct SchemaRecorder {
    /// Where the value stands.
    let path: [String]
    /// The types around it.
    var ancestors: [ObjectIdentifier] = []

    /// A type's schema and a placeholder of the type.
    func record<Value: Decodable>(_ type: Value.Type) throws -> (schema: JSONValue, value: Value) {
        if let known = Self.known(type) { return known }
        if let optional = type as? any OptionalType.Type {
            let wrapped = try optional.recordWrapped(with: self)
            if let value = optional.placeholder as? Value { return (["anyOf": [wrapped, ["type": "null"]]], value) }
        }
        if let dictionary = type as? any DictionaryType.Type {
            let values = try dictionary.recordValues(with: stepping("*"))
            if let value = dictionary.placeholder as? Value {
                return (["type": "object", "additionalProperties": values], value)
            }
        }
        if let cases = type as? any CaseIterable.Type, let found = Self.rawCases(cases),
            let value = found.first as? Value
        {
            return (found.schema, value)
        }
        let identifier = ObjectIdentifier(type)
        guard !ancestors.contains(identifier) else {
            throw SchemaDerivationError.recursive(type: "\(type)", path: path.joined(separator: "."))
        }
        var inner = self
        inner.ancestors.append(identifier)
        let recording = Recording()
        do {
            let value = try Value(from: RecordingDecoder(recorder: inner, recording: recording))
            return (recording.schema, value)
        } catch let error as SchemaDerivationError {
            throw error
        } catch {
            throw SchemaDerivationError.notReadable(
                type: "\(type)",
                path: path.joined(separator: "."),
                reason: Self.reason(error)
            )
        }
    }

    func stepping(_ key: String) -> SchemaRecorder {
        SchemaRecorder(path: path + [key], ancestors: ancestors)
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .dataCorrupted(let context)?, .keyNotFound(_, let context)?, .typeMismatch(_, let context)?,
            .valueNotFound(_, let context)?:
            context.debugDescription
        default: "\(error)"
        }
    }

    // MARK: Types without a look inside

    private static func known<Value>(_ type: Value.Type) -> (schema: JSONValue, value: Value)? {
        func pair(_ schema: JSONValue, _ placeholder: Any?) -> (schema: JSONValue, value: Value)? {
            (placeholder as? Value).map { (schema, $0) }
        }
        func whole<Whole: FixedWidthInteger>(_ type: Whole.Type) -> (schema: JSONValue, value: Value)? {
            var schema: JSONObject = ["type": "integer"]
            if Whole.min == 0 || Whole.bitWidth < 64 { schema["minimum"] = .number(JSONNumber(Whole.min)) }
            if Whole.bitWidth < 64 { schema["maximum"] = .number(JSONNumber(Whole.max)) }
            return pair(.object(schema), Whole.zero)
        }
        switch type {
        case is Bool.Type: return pair(["type": "boolean"], false)
        case is String.Type: return pair(["type": "string"], "")
        case is Int.Type: return whole(Int.self)
        case is Int8.Type: return whole(Int8.self)
        case is Int16.Type: return whole(Int16.self)
        case is Int32.Type: return whole(Int32.self)
        case is Int64.Type: return whole(Int64.self)
        case is UInt.Type: return whole(UInt.self)
        case is UInt8.Type: return whole(UInt8.self)
        case is UInt16.Type: return whole(UInt16.self)
        case is UInt32.Type: return whole(UInt32.self)
        case is UInt64.Type: return whole(UInt64.self)
        case is Double.Type: return pair(["type": "number"], 0.0)
        case is Float.Type: return pair(["type": "number"], Float(0))
        case is Decimal.Type: return pair(["type": "number"], Decimal(0))
        case is Date.Type:
            return pair(["type": "string", "format": "date-time"], Date(timeIntervalSinceReferenceDate: 0))
        case is URL.Type: return pair(["type": "string", "format": "uri"], URL(string: "https://example.org"))
        case is UUID.Type: return pair(["type": "string", "format": "uuid"], UUID())
        case is Data.Type: return pair(["type": "string", "contentEncoding": "base64"], Data())
        case is JSONValue.Type: return pair([:], JSONValue.null)
        default: return nil
        }
    }

    private static func rawCases<Cases: CaseIterable>(_ type: Cases.Type) -> (schema: JSONValue, first: Any)? {
        let cases = Array(type.allCases)
        guard let first = cases.first else { return nil }
        var values: [JSONValue] = []
        for one in cases {
            switch (one as? any RawRepresentable)?.rawValue {
            case let text as String: values.append(.string(text))
            case let number as any BinaryInteger: values.append(.number(Self.number(number)))
            default: return nil
            }
        }
        let kind: JSONValue = values[0].string == nil ? "integer" : "string"
        return (["type": kind, "enum": .array(values)], first)
    }

    private static func number(_ value: some BinaryInteger) -> JSONNumber { JSONNumber(value) }
}

private protocol OptionalType {
    static var placeholder: Any { get }
    static func recordWrapped(with recorder: SchemaRecorder) throws -> JSONValue
}

extension Optional: OptionalType where Wrapped: Decodable {
    fileprivate static var placeholder: Any { Self.none as Any }

    fileprivate static func recordWrapped(with recorder: SchemaRecorder) throws -> JSONValue {
        try recorder.record(Wrapped.self).schema
    }
}

private protocol DictionaryType {
    static var placeholder: Any { get }
    static func recordValues(with recorder: SchemaRecorder) throws -> JSONValue
}

extension Dictionary: DictionaryType where Key == String, Value: Decodable {
    fileprivate static var placeholder: Any { Self() }

    fileprivate static func recordValues(with recorder: SchemaRecorder) throws -> JSONValue {
        try recorder.record(Value.self).schema
    }
}

/// What one type has asked for.
final class Recording {
    private enum Shape {
        case nothing
        case object
        case array
        case single(JSONValue)
    }

    private var shape = Shape.nothing
    private var properties = JSONObject()
    private var required: [JSONValue] = []
    private var items: JSONValue?

    /// How many elements of an array were asked for.
    private(set) var elementCount = 0

    func beginObject() {
        if case .nothing = shape { shape = .object }
    }

    func beginArray() {
        if case .nothing = shape { shape = .array }
    }

    func add(_ key: String, _ schema: JSONValue, isRequired: Bool) {
        beginObject()
        guard properties[key] == nil else { return }
        properties[key] = schema
        if isRequired { required.append(.string(key)) }
    }

    func addElement(_ schema: JSONValue) {
        beginArray()
        elementCount += 1
        if items == nil { items = schema }
    }

    func set(_ schema: JSONValue) {
        if case .nothing = shape { shape = .single(schema) }
    }

    var schema: JSONValue {
        switch shape {
        case .single(let schema): return schema
        case .array:
            var object: JSONObject = ["type": "array"]
            object["items"] = items
            return .object(object)
        case .object, .nothing:
            var object: JSONObject = ["type": "object", "properties": .object(properties)]
            if !required.isEmpty { object["required"] = .array(required) }
            return .object(object)
        }
    }
}
