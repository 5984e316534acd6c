/// The text operations of Python that the published templates use, on scalars and bytes.
///
/// Swift's `Character` would see `"\r\n"` as one and `"\n\u{301}"` as another; Python counts code points.
enum PythonText {
    /// `text.lstrip("\n")`.
    static func strippingLeadingNewlines(_ text: String) -> String {
        String(text.unicodeScalars.drop { $0 == "\n" })
    }

    /// `text.rstrip("\n")`.
    static func strippingTrailingNewlines(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while scalars.last == "\n" { scalars.removeLast() }
        return String(scalars)
    }

    /// `text.strip("\n")`.
    static func strippingNewlines(_ text: String) -> String {
        strippingLeadingNewlines(strippingTrailingNewlines(text))
    }

    /// `text.strip()`, Jinja's `trim`.
    static func trimming(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
        return String(scalars)
    }

    /// `text.split(separator)[0]` and `text.split(separator)[-1]`; `nil` if the separator does not occur.
    static func ends(of text: String, splitBy separator: String) -> (first: String, last: String)? {
        let bytes = Array(text.utf8)
        let pattern = Array(separator.utf8)
        guard !pattern.isEmpty, bytes.count >= pattern.count else { return nil }
        var first: Int?
        var end = 0
        var position = 0
        while position <= bytes.count - pattern.count {
            if bytes[position] == pattern[0], bytes[position..<position + pattern.count].elementsEqual(pattern) {
                if first == nil { first = position }
                position += pattern.count
                end = position
            } else {
                position += 1
            }
        }
        guard let first else { return nil }
        return (String(decoding: bytes[..<first], as: UTF8.self), String(decoding: bytes[end...], as: UTF8.self))
    }

    /// Whether `text` begins with `prefix`, byte by byte.
    static func starts(_ text: String, with prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }

    /// Whether `text` ends with `suffix`, byte by byte.
    static func ends(_ text: String, with suffix: String) -> Bool {
        text.utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// `str.isspace` for one code point.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}
