/// A JSON number, kept as it was written.
///
/// The literal keeps every digit: `12345678901234567890` stays whole and `1.0` stays apart from `1`. Two numbers are
/// equal where their literals are; ``hasSameValue(as:)`` compares what they denote.
public struct JSONNumber: Sendable {
    /// The number as RFC 8259 writes it.
    public let literal: String

    /// Wraps a literal that is known to follow the grammar.
    init(unchecked literal: String) {
        self.literal = literal
    }

    /// Creates a number from a literal, or nil where the literal breaks JSON's grammar for numbers.
    ///
    /// - Parameter literal: the number as RFC 8259 writes it, without white space.
    public init?(literal: String) {
        var literal = literal
        let isNumber = literal.withUTF8 { utf8 in
            !utf8.isEmpty && Self.scan(UnsafeRawBufferPointer(utf8), from: 0) == utf8.count
        }
        guard isNumber else { return nil }
        self.init(unchecked: literal)
    }

    /// Creates a number from an integer.
    ///
    /// - Parameter value: the integer.
    public init(_ value: some BinaryInteger) {
        self.init(unchecked: String(value))
    }

    /// Creates a number from a floating-point value, or nil where it is infinite or NaN, which JSON cannot write.
    ///
    /// - Parameter value: the value; its literal is the shortest that reads back as the same value, in the form of
    ///   Python's `repr` (`1.0`, `1e-05`, `1e+16`).
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self.init(unchecked: pythonRepresentation(of: value))
    }

    /// Whether the literal has neither a fraction nor an exponent.
    public var isInteger: Bool {
        !literal.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    }

    /// The number as an integer, or nil where it is written with a fraction or an exponent (`1.0`, `1e3`) or exceeds
    /// `Int`.
    public var int: Int? {
        var literal = literal
        return literal.withUTF8 { Self.integer(of: $0) }
    }

    /// The `Double` nearest to the number, or nil where the number is beyond `Double`'s range.
    public var double: Double? {
        let value = nearestDouble
        return value.isFinite ? value : nil
    }

    /// The nearest `Double`; infinite beyond its range.
    var nearestDouble: Double {
        // The grammar of JSON is a part of the one that `Double` reads.
        Double(literal) ?? (literal.utf8.first == UInt8(ascii: "-") ? -.infinity : .infinity)
    }

    /// Parses a literal that follows the grammar as an integer.
    static func integer(of literal: UnsafeBufferPointer<UInt8>) -> Int? {
        let isNegative = literal.first == UInt8(ascii: "-")
        let digits = isNegative ? literal.dropFirst() : literal[...]
        guard !digits.isEmpty else { return nil }
        var value = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            // Gathered as a negative, so that the smallest integer fits.
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, exceeded) = product.subtractingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            if overflowed || exceeded { return nil }
            value = sum
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// The end of the number that begins at a place, or that place itself where no number stands there.
    ///
    /// A number that is followed at once by a character which could belong to a number is malformed (`01`, `1.`).
    static func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let count = bytes.count
        func byte(_ index: Int) -> UInt8 { index < count ? bytes[index] : 0 }
        func isDigit(_ index: Int) -> Bool { index < count && bytes[index] &- UInt8(ascii: "0") < 10 }
        var end = start
        if byte(end) == UInt8(ascii: "-") { end += 1 }
        guard isDigit(end) else { return start }
        if byte(end) == UInt8(ascii: "0") {
            end += 1
            if isDigit(end) { return start }
        } else {
            while isDigit(end) { end += 1 }
        }
        if byte(end) == UInt8(ascii: ".") {
            end += 1
            guard isDigit(end) else { return start }
            while isDigit(end) { end += 1 }
        }
        if byte(end) | 0x20 == UInt8(ascii: "e") {
            end += 1
            if byte(end) == UInt8(ascii: "+") || byte(end) == UInt8(ascii: "-") { end += 1 }
            guard isDigit(end) else { return start }
            while isDigit(end) { end += 1 }
        }
        return end
    }
}

extension JSONNumber: Hashable {}

extension JSONNumber: CustomStringConvertible {
    /// The literal.
    public var description: String { literal }
}

extension JSONNumber: ExpressibleByIntegerLiteral {
    /// Creates a number from an integer literal.
    public init(integerLiteral value: Int) {
        self.init(value)
    }
}
