public import QwenJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A tool's result as the model reads it.
///
/// The text is content: whatever stands in it, it never becomes a control token.
public struct ToolOutput: Sendable, Hashable {
    /// The result.
    public var text: String

    /// Takes a text as it is.
    ///
    /// - Parameter text: the result.
    public init(_ text: String) {
        self.text = text
    }

    /// Writes a value as JSON, dates in ISO 8601.
    ///
    /// - Parameter value: the result.
    /// - Throws: what the value's encoding throws.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension ToolOutput: ExpressibleByStringInterpolation {
    /// Takes a text as it is.
    public init(stringLiteral value: String) {
        text = value
    }
}

/// What a tool may give as its result.
public protocol ToolOutputConvertible: Sendable {
    /// The result as the model reads it.
    var toolOutput: ToolOutput { get }
}

extension ToolOutput: ToolOutputConvertible {
    /// The result itself.
    public var toolOutput: ToolOutput { self }
}

extension String: ToolOutputConvertible {
    /// The text as it is.
    public var toolOutput: ToolOutput { ToolOutput(self) }
}

extension Int: ToolOutputConvertible {
    /// The digits.
    public var toolOutput: ToolOutput { ToolOutput(description) }
}

extension Double: ToolOutputConvertible {
    /// The number in its shortest form.
    public var toolOutput: ToolOutput { ToolOutput(description) }
}

extension Bool: ToolOutputConvertible {
    /// `true` or `false`.
    public var toolOutput: ToolOutput { ToolOutput(description) }
}

extension JSONValue: ToolOutputConvertible {
    /// The value as the templates write JSON.
    public var toolOutput: ToolOutput { ToolOutput(serialized(.python)) }
}
