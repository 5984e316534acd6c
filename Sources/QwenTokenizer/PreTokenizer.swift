/// Cuts text into the words that byte pairs are merged in, as Qwen's pattern does, which is written out here by hand:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
///
/// Every scalar belongs to one word; no word is empty. One pass, without backtracking further than the last white space.
struct PreTokenizer {
    /// The pattern as `tokenizer.json` writes it.
    static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The ways to cut text into words.
    enum Rules: Sendable {
        /// Qwen's, as above.
        case qwen
        /// SmolLM's: numbers one by one first, and what is between them by GPT-2's pattern, which is
        ///
        ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
        case smolLM
    }

    private let text: UnsafePointer<UInt8>
    private let end: Int
    private let tables: UnicodeTables

    /// Creates a scanner over well-formed UTF-8.
    @inline(__always)
    init(_ text: UnsafePointer<UInt8>, count: Int, tables: UnicodeTables) {
        self.text = text
        self.end = count
        self.tables = tables
    }

    /// Where the word that begins at an offset ends; the offset is that of a scalar, before the end of the text.
    @inline(__always)
    func endOfWord(from start: Int) -> Int {
        let first = text[start]
        let (properties, next) = read(start)
        switch properties.kind {
        case .letter:
            return endOfLetters(from: next)
        case .number:
            return next
        case .space:
            if next < end {
                let (following, afterFollowing) = read(next)
                if following.isLetter, first != 0x0A, first != 0x0D { return endOfLetters(from: afterFollowing) }
                if first == 0x20, following.kind == .other { return endOfSymbols(from: afterFollowing) }
            }
            return endOfSpace(from: start)
        case .other:
            if first == 0x27, let contraction = endOfContraction(from: next) { return contraction }
            if next < end {
                let (following, afterFollowing) = read(next)
                if following.isLetter { return endOfLetters(from: afterFollowing) }
            }
            return endOfSymbols(from: next)
        }
    }

    @inline(__always)
    private func read(_ position: Int) -> (properties: ScalarProperties, next: Int) {
        let byte = text[position]
        if byte < 0x80 { return (tables.properties(ofASCII: byte), position &+ 1) }
        let (scalar, length) = UTF8Scalar.decode(text + position)
        return (tables.properties(of: scalar), position &+ length)
    }

    /// ``endOfWord(from:)`` by ``Rules/smolLM``.
    func endOfPlainWord(from start: Int) -> Int {
        let first = text[start]
        let (properties, next) = read(start)
        switch properties.kind {
        case .letter:
            return endOfLetters(from: next)
        case .number:
            return next
        case .space:
            if next < end, first == 0x20 {
                let (following, afterFollowing) = read(next)
                if following.isLetter { return endOfLetters(from: afterFollowing) }
                if following.kind == .other { return endOfPlainSymbols(from: afterFollowing) }
            }
            return endOfPlainSpace(from: start)
        case .other:
            if first == 0x27, next < end, text[next] & 0xE0 == 0x60, let contraction = endOfContraction(from: next),
                contraction == next + 1 || text[next + 1] & 0xE0 == 0x60
            {
                return contraction
            }
            return endOfPlainSymbols(from: next)
        }
    }

    /// `[^\s\p{L}\p{N}]*`
    private func endOfPlainSymbols(from start: Int) -> Int {
        var position = start
        while position < end {
            let (properties, next) = read(position)
            if properties.kind != .other { break }
            position = next
        }
        return position
    }

    /// `\s+(?!\S)|\s+`, where a number ends the text.
    private func endOfPlainSpace(from start: Int) -> Int {
        var position = start
        var last = start
        while position < end {
            let (properties, next) = read(position)
            if !properties.isSpace { return properties.kind == .number || last == start ? position : last }
            last = position
            position = next
        }
        return position
    }

    /// `\p{L}*`
    @inline(__always)
    private func endOfLetters(from start: Int) -> Int {
        var position = start
        while position < end {
            let (properties, next) = read(position)
            if !properties.isLetter { break }
            position = next
        }
        return position
    }

    /// `[^\s\p{L}\p{N}]*[\r\n]*`
    @inline(__always)
    private func endOfSymbols(from start: Int) -> Int {
        var position = start
        while position < end {
            let (properties, next) = read(position)
            if properties.kind != .other { break }
            position = next
        }
        while position < end, text[position] == 0x0A || text[position] == 0x0D { position &+= 1 }
        return position
    }

    /// What stands after an apostrophe: `s`, `t`, `re`, `ve`, `m`, `ll` or `d` in either case.
    ///
    /// U+017F, the long s, is another case of `s`; none of the other letters has a third form.
    private func endOfContraction(from start: Int) -> Int? {
        guard start < end else { return nil }
        let first = text[start] | 0x20
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 1
        default:
            guard start + 1 < end else { return nil }
            if text[start] == 0xC5, text[start + 1] == 0xBF { return start + 2 }
            let second = text[start + 1] | 0x20
            switch (first, second) {
            case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
                (UInt8(ascii: "l"), UInt8(ascii: "l")):
                return start + 2
            default:
                return nil
            }
        }
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`
    private func endOfSpace(from start: Int) -> Int {
        var position = start
        var last = start
        var afterLineBreak: Int?
        while position < end {
            let byte = text[position]
            let (properties, next) = read(position)
            if !properties.isSpace { break }
            if byte == 0x0A || byte == 0x0D { afterLineBreak = next }
            last = position
            position = next
        }
        if let afterLineBreak { return afterLineBreak }
        return position == end || last == start ? position : last
    }
}
