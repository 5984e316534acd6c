extension JSONNumber {
    /// Whether two numbers denote the same value, however they are written: `1`, `1.0` and `10e-1` do.
    ///
    /// The comparison is exact at any length; exponents beyond ±10^17 are told apart by their literals alone.
    ///
    /// - Parameter other: the number to compare with.
    /// - Returns: true where both denote the same value.
    /// - Complexity: O(length of the literals).
    public func hasSameValue(as other: JSONNumber) -> Bool {
        if literal == other.literal { return true }
        guard let mine = Decimal(self), let theirs = Decimal(other) else { return false }
        return mine == theirs
    }

    /// Whether the number denotes an integer, however it is written: `1`, `1.0` and `10e-1` do.
    ///
    /// - Complexity: O(length of the literal).
    public var isWhole: Bool {
        guard let decimal = Decimal(self) else { return false }
        return decimal.exponent >= 0
    }

    /// ±digits · 10^exponent, with neither leading nor trailing zeros among the digits; zero has no digits.
    private struct Decimal: Equatable {
        var isNegative: Bool
        var digits: [UInt8]
        var exponent: Int

        private static let largestExponent = 100_000_000_000_000_000 as UInt

        /// Takes a number apart, or gives nil where its exponent is beyond reason.
        init?(_ number: JSONNumber) {
            let parts = number.literal.utf8.split(maxSplits: 1) { $0 | 0x20 == UInt8(ascii: "e") }
            isNegative = false
            digits = []
            exponent = 0
            var inFraction = false
            for byte in parts[0] {
                switch byte {
                case UInt8(ascii: "-"): isNegative = true
                case UInt8(ascii: "."): inFraction = true
                default:
                    // A leading zero counts for the place of the point only.
                    if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
                    if inFraction { exponent -= 1 }
                }
            }
            if parts.count > 1, !digits.isEmpty {
                guard let written = Int(Substring(parts[1])), written.magnitude <= Self.largestExponent else {
                    return nil
                }
                exponent += written
            }
            while digits.last == UInt8(ascii: "0") {
                digits.removeLast()
                exponent += 1
            }
            if digits.isEmpty {
                isNegative = false
                exponent = 0
            }
        }
    }
}
