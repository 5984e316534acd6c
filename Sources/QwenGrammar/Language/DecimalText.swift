internal import QwenJSON

/// A JSON number as sign and digits, exactly: ±integer.fraction, written out in full.
struct DecimalText: Hashable, Sendable {
    var isNegative: Bool
    /// The digits before the point, without leading zeros; `[0]` for none.
    var integer: [UInt8]
    /// The digits behind the point, without trailing zeros.
    var fraction: [UInt8]

    /// The longest number that is written out.
    private static let longest = 400

    /// Nil where the number would be longer than 400 digits.
    init?(_ number: JSONNumber) {
        var digits: [UInt8] = []
        var pointShift = 0
        var isNegative = false
        var inFraction = false
        let parts = number.literal.utf8.split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
        for byte in parts[0] {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): inFraction = true
            default:
                digits.append(byte - UInt8(ascii: "0"))
                if inFraction { pointShift -= 1 }
            }
        }
        if parts.count > 1 {
            guard let exponent = Int(Substring(parts[1])), exponent.magnitude <= 10_000 else { return nil }
            pointShift += exponent
        }
        if pointShift > 0 {
            guard digits.count + pointShift <= Self.longest || digits.allSatisfy({ $0 == 0 }) else { return nil }
            digits += repeatElement(0, count: min(pointShift, Self.longest))
            pointShift = 0
        }
        let places = -pointShift
        guard max(digits.count, places) <= Self.longest else { return nil }
        if places >= digits.count { digits = repeatElement(0, count: places - digits.count + 1) + digits }
        var integer = Array(digits.dropLast(places))
        var fraction = Array(digits.suffix(places))
        while integer.count > 1, integer.first == 0 { integer.removeFirst() }
        while fraction.last == 0 { fraction.removeLast() }
        self.integer = integer
        self.fraction = fraction
        self.isNegative = isNegative && !(integer == [0] && fraction.isEmpty)
    }

    var isZero: Bool { integer == [0] && fraction.isEmpty }

    /// ±1, to compare the digits of a number from 0 up with this one's.
    var magnitude: DecimalText {
        var copy = self
        copy.isNegative = false
        return copy
    }
}
