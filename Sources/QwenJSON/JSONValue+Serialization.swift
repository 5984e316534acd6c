extension JSONValue {
    /// Writes the value as text.
    ///
    /// - Parameter format: how to write it; ``JSONFormat/compact`` unless told.
    /// - Returns: the text.
    /// - Complexity: O(length of the text).
    public func serialized(_ format: JSONFormat = .compact) -> String {
        String(decoding: serializedBytes(format), as: UTF8.self)
    }

    /// Writes the value as UTF-8.
    ///
    /// - Parameter format: how to write it; ``JSONFormat/compact`` unless told.
    /// - Returns: the bytes.
    /// - Complexity: O(length of the text).
    public func serializedBytes(_ format: JSONFormat = .compact) -> [UInt8] {
        var writer = JSONWriter(format: format)
        writer.write(self, level: 0)
        return writer.bytes
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value in ``JSONFormat/compact`` form.
    public var description: String { serialized() }
}

/// Appends JSON to an array of bytes.
private struct JSONWriter {
    let format: JSONFormat
    let itemSeparator: [UInt8]
    let keySeparator: [UInt8]
    var bytes: [UInt8] = []

    init(format: JSONFormat) {
        self.format = format
        itemSeparator = Array(format.itemSeparator.utf8)
        keySeparator = Array(format.keySeparator.utf8)
    }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
        case .number(let number): write(number)
        case .string(let string): write(string)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { bytes.append(contentsOf: itemSeparator) }
                breakLine(level + 1)
                write(element, level: level + 1)
            }
            if !elements.isEmpty { breakLine(level) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (position, member) in object.members.enumerated() {
                if position > 0 { bytes.append(contentsOf: itemSeparator) }
                breakLine(level + 1)
                write(member.key)
                bytes.append(contentsOf: keySeparator)
                write(member.value, level: level + 1)
            }
            if !object.isEmpty { breakLine(level) }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func breakLine(_ level: Int) {
        guard let indentation = format.indentation else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * level))
    }

    private mutating func write(_ number: JSONNumber) {
        switch format.numbers {
        case .literal:
            bytes.append(contentsOf: number.literal.utf8)
        case .python where !number.isInteger:
            bytes.append(contentsOf: pythonRepresentation(of: number.nearestDouble).utf8)
        case .python:
            // Python's integers know no negative zero.
            bytes.append(contentsOf: number.literal == "-0" ? "0".utf8 : number.literal.utf8)
        }
    }

    private mutating func write(_ string: String) {
        var string = string
        bytes.append(UInt8(ascii: "\""))
        string.withUTF8 { utf8 in
            var pending = 0
            for (position, byte) in utf8.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: utf8[pending..<position])
                escape(byte)
                pending = position + 1
            }
            bytes.append(contentsOf: utf8[pending...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case ..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }
}
