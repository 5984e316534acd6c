/// A floating-point value in the form of Python's `repr`.
///
/// Both Swift and Python write the shortest digits that read back as the same value; they differ in when they turn to
/// exponents. Python does so below 1e-4 and from 1e16 on. Source: CPython, `float_repr_style`, format code `r`.
///
/// - Parameter value: the value; infinities and NaN give `Infinity`, `-Infinity` and `NaN`, as `json.dumps` writes
///   them.
/// - Returns: the text.
func pythonRepresentation(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }

    // Swift's own description gives the digits and the place of the point.
    var digits: [UInt8] = []
    var pointAt = 0
    var seenPoint = false
    let parts = value.magnitude.description.utf8.split(separator: UInt8(ascii: "e"), maxSplits: 1)
    for byte in parts[0] {
        if byte == UInt8(ascii: ".") {
            seenPoint = true
        } else {
            if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) } else if seenPoint { pointAt -= 1 }
            if !seenPoint, !digits.isEmpty { pointAt += 1 }
        }
    }
    if parts.count > 1 { pointAt += Int(Substring(parts[1])) ?? 0 }
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }

    // The value is now 0.DIGITS · 10^pointAt.
    var text: [UInt8] = value < 0 ? [UInt8(ascii: "-")] : []
    if pointAt > -4, pointAt <= 16 {
        if pointAt <= 0 {
            text += Array("0.".utf8) + Array(repeating: UInt8(ascii: "0"), count: -pointAt) + digits
        } else {
            let whole = digits.prefix(pointAt)
            text += whole + Array(repeating: UInt8(ascii: "0"), count: pointAt - whole.count)
            text.append(UInt8(ascii: "."))
            text += digits.count > pointAt ? Array(digits[pointAt...]) : [UInt8(ascii: "0")]
        }
    } else {
        text.append(digits[0])
        if digits.count > 1 {
            text.append(UInt8(ascii: "."))
            text += digits[1...]
        }
        let exponent = pointAt - 1
        text += Array(exponent < 0 ? "e-".utf8 : "e+".utf8)
        if exponent.magnitude < 10 { text.append(UInt8(ascii: "0")) }
        text += Array(String(exponent.magnitude).utf8)
    }
    return String(decoding: text, as: UTF8.self)
}
