public import QwenJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension JSONValue {
    /// Makes a Swift value of this one, in the form that ``JSONSchema/init(of:)`` describes: dates in ISO 8601, `Data` in
    /// base 64.
    ///
    /// - Parameter type: the type to make.
    /// - Returns: the value.
    /// - Throws: `DecodingError`, or what the type's own `init(from:)` throws.
    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let value = self as? Value { return value }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            for includesFraction in [false, true] {
                let style = Date.ISO8601FormatStyle(includingFractionalSeconds: includesFraction)
                if let date = try? style.parse(text) { return date }
            }
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no date in ISO 8601.")
        }
        return try decoder.decode(type, from: Data(serializedBytes()))
    }
}
