/// The beginning of a JSON text, as it is while the text streams in.
///
/// ```swift
/// PartialJSON(#"{"city":"Kyo"#).value           // {"city":"Kyo"}
/// PartialJSON(#"{"city":"Kyoto","da"#).value    // {"city":"Kyoto"}
/// ```
public struct PartialJSON: Sendable, Hashable {
    /// The text so far.
    public let text: String

    /// Takes a text as far as it has come.
    ///
    /// - Parameter text: the beginning of a JSON text.
    public init(_ text: String) {
        self.text = text
    }

    /// What the text says so far: what is open is closed where the text ends.
    ///
    /// Strings, arrays and objects grow. A member appears with the beginning of its value; a number, `true`, `false` or
    /// `null` appears when something behind it shows that it is whole. Thus what a later text says begins with what an
    /// earlier one said: nothing is taken back.
    ///
    /// `nil` where the text says nothing yet, or where it is not the beginning of JSON.
    ///
    /// - Complexity: O(length of the text)
    public var value: JSONValue? {
        var text = text
        return text.withUTF8 { bytes in
            var scan = Scan()
            for byte in bytes { scan.append(byte) }
            let options = JSONReadingOptions(loneSurrogates: .replace)
            guard let closing = scan.closing else {
                // A word may stand alone; a number may go on.
                guard let first = bytes.first(where: { !isSpace($0) }), (0x61...0x7A).contains(first) else {
                    return nil
                }
                return try? JSONValue(parsing: UnsafeRawBufferPointer(bytes), options: options)
            }
            return try? JSONValue(parsing: Array(bytes[..<scan.kept]) + closing, options: options)
        }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// Finds the last place at which a text can be closed so that nothing has to be taken back later.
    private struct Scan {
        /// How much of the text makes sense.
        private(set) var kept = 0
        /// What closes it; nil where there is nothing to close yet.
        private(set) var closing: [UInt8]?

        private var count = 0
        /// What closes the open containers, the outermost first.
        private var closers: [UInt8] = []
        private var isInString = false
        private var isName = false
        private var expectsName = false
        private var escape = Escape.none

        private enum Escape {
            case none
            /// Behind the backslash.
            case begun
            /// Within `\u`, behind some digits and with their value.
            case digits(Int, UInt32)
        }

        mutating func append(_ byte: UInt8) {
            count += 1
            if isInString { appendWithinString(byte) } else { appendBetween(byte) }
        }

        private mutating func keep(_ place: Int, _ head: [UInt8] = []) {
            kept = place
            closing = head + closers.reversed()
        }

        private mutating func keepString() {
            if !isName { keep(count, [UInt8(ascii: "\"")]) }
        }

        private mutating func appendWithinString(_ byte: UInt8) {
            switch escape {
            case .begun where byte == UInt8(ascii: "u"):
                escape = .digits(0, 0)
            case .begun:
                escape = .none
                keepString()
            case .digits(let digits, let value):
                let next = value << 4 | UInt32(Character(UnicodeScalar(byte)).hexDigitValue ?? 0)
                escape = digits == 3 ? .none : .digits(digits + 1, next)
                // The first half of a pair becomes a character with the second.
                if digits == 3, !(0xD800...0xDBFF).contains(next) { keepString() }
            case .none:
                switch byte {
                case UInt8(ascii: "\\"): escape = .begun
                case UInt8(ascii: "\""):
                    isInString = false
                    if !isName { keep(count) }
                default: keepString()
                }
            }
        }

        private mutating func appendBetween(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                isName = expectsName
                expectsName = false
                keepString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = byte == UInt8(ascii: "{")
                closers.append(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
                expectsName = isObject
                keep(count)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if closers.last == byte { closers.removeLast() }
                expectsName = false
                keep(count)
            case UInt8(ascii: ","):
                // What stands before it is whole.
                keep(count - 1)
                expectsName = closers.last == UInt8(ascii: "}")
            default:
                break
            }
        }
    }
}
