/// A number with a fixed count of digits after the point, as `%.*f` writes it.
func formatted(_ value: Double, digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15, (0...9).contains(digits) else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    guard digits > 0 else { return String(Int(value.rounded())) }
    let scaled = (value * Double(scale)).rounded()
    guard abs(scaled) < 9e18 else { return "\(value)" }
    let whole = Int(scaled.magnitude) / scale
    let fraction = String(Int(scaled.magnitude) % scale)
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return (scaled < 0 ? "-" : "") + "\(whole).\(zeros)\(fraction)"
}

/// A count with its thousands set apart: 1,503,264,768.
func grouped(_ count: Int) -> String {
    var groups: [String] = []
    var rest = count.magnitude
    while rest >= 1000 {
        let group = String(rest % 1000)
        groups.append(String(repeating: "0", count: 3 - group.count) + group)
        rest /= 1000
    }
    groups.append(String(rest))
    return (count < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
}
