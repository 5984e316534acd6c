/// How JSON is written.
///
/// Strings are always written with the escapes that Python's `json.dumps(ensure_ascii=False)` uses: `\"`, `\\`, `\n`,
/// `\r`, `\t`, `\b`, `\f`, and `\u00XX` for the other characters below U+0020. Everything else, DEL and U+2028
/// included, stands for itself; `/`, `<`, `>` and `&` are not escaped.
public struct JSONFormat: Sendable, Equatable {
    /// How numbers are written.
    public enum Numbers: Sendable, Equatable {
        /// As they were read, digit by digit.
        case literal
        /// As Python writes them after reading them: integers in full (`-0` as `0`), everything else as a float in
        /// `repr`'s form (`1e5` as `100000.0`), `Infinity` and `-Infinity` beyond the range of a float.
        case python
    }

    /// What stands between two elements or members.
    public var itemSeparator: String
    /// What stands between a key and its value.
    public var keySeparator: String
    /// How numbers are written.
    public var numbers: Numbers
    /// The number of spaces for each level of nesting, or nil to write everything on one line.
    public var indentation: Int?

    /// Creates a format.
    ///
    /// - Parameters:
    ///   - itemSeparator: what stands between two elements or members.
    ///   - keySeparator: what stands between a key and its value.
    ///   - numbers: how numbers are written.
    ///   - indentation: the number of spaces for each level of nesting, or nil for one line.
    public init(itemSeparator: String, keySeparator: String, numbers: Numbers, indentation: Int? = nil) {
        self.itemSeparator = itemSeparator
        self.keySeparator = keySeparator
        self.numbers = numbers
        self.indentation = indentation
    }

    /// The shortest form: no white space, numbers as they were read.
    public static let compact = JSONFormat(itemSeparator: ",", keySeparator: ":", numbers: .literal)

    /// Byte by byte what Python's `json.dumps(json.loads(text), ensure_ascii=False)` gives.
    public static let python = JSONFormat(itemSeparator: ", ", keySeparator: ": ", numbers: .python)

    /// Byte by byte what Python's `json.dumps(value, ensure_ascii=False, indent=…)` gives.
    ///
    /// - Parameter indentation: the number of spaces for each level of nesting.
    /// - Returns: the format.
    public static func python(indentation: Int) -> JSONFormat {
        JSONFormat(itemSeparator: ",", keySeparator: ": ", numbers: .python, indentation: max(0, indentation))
    }
}
