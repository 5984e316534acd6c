/// Why a JSON text was refused, and where.
public struct JSONError: Error, Sendable, Equatable {
    /// What is wrong with the text.
    public enum Reason: Sendable, Equatable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// This byte cannot stand here.
        case unexpectedByte(UInt8)
        /// The text begins with a byte order mark, which RFC 8259 forbids to write and strict readers refuse.
        case byteOrderMark
        /// A complete value is followed by something other than white space.
        case trailingBytes
        /// A number breaks the grammar: a leading zero or plus sign, no digit after the point, `NaN`, …
        case invalidNumber
        /// A string holds this control character unescaped.
        case controlCharacter(UInt8)
        /// A backslash is followed by this byte, which begins no escape.
        case invalidEscape(UInt8)
        /// A string holds bytes that are not UTF-8 (overlong forms and encoded surrogates included).
        case invalidUTF8
        /// A `\u` escape names one half of a surrogate pair and the other half does not follow.
        case loneSurrogate
        /// An object holds this key twice; keys are compared after their escapes are resolved, byte by byte.
        case duplicateKey(String)
        /// Containers nest deeper than this limit.
        case tooDeep(limit: Int)
        /// The text is longer than this limit, in bytes.
        case tooLong(limit: Int)
    }

    /// What is wrong.
    public let reason: Reason
    /// The position of the offending byte, counted in bytes from 0.
    public let offset: Int
    /// The line of the offending byte, counted from 1; lines end at a line feed.
    public let line: Int
    /// The column of the offending byte in its line, counted in bytes from 1.
    public let column: Int

    /// Locates an error in its text.
    ///
    /// - Complexity: O(`offset`), to count the lines.
    @inline(never)
    init(_ reason: Reason, at offset: Int, in bytes: UnsafeRawBufferPointer) {
        var line = 1
        var lineStart = 0
        let end = min(offset, bytes.count)
        var position = 0
        while position < end {
            if bytes[position] == 0x0A {
                line += 1
                lineStart = position + 1
            }
            position += 1
        }
        self.reason = reason
        self.offset = offset
        self.line = line
        self.column = offset - lineStart + 1
    }
}

extension JSONError: CustomStringConvertible {
    /// The reason and the place, for people.
    public var description: String {
        "\(reason) at line \(line), column \(column) (byte \(offset))"
    }
}

extension JSONError.Reason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .unexpectedEnd: "the text ends inside a value"
        case .unexpectedByte(let byte): "unexpected byte \(Self.name(of: byte))"
        case .byteOrderMark: "the text begins with a byte order mark"
        case .trailingBytes: "something follows the value"
        case .invalidNumber: "malformed number"
        case .controlCharacter(let byte): "unescaped control character \(Self.name(of: byte))"
        case .invalidEscape(let byte): "unknown escape \\\(Self.name(of: byte))"
        case .invalidUTF8: "malformed UTF-8"
        case .loneSurrogate: "half of a surrogate pair"
        case .duplicateKey(let key): "the key \"\(key)\" stands twice in one object"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooLong(let limit): "longer than \(limit) bytes"
        }
    }

    private static func name(of byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "'\(Character(UnicodeScalar(byte)))'" }
        return "0x" + String(byte, radix: 16, uppercase: true)
    }
}
