/// Turns ids into text one by one, as a model makes them.
///
/// A character whose bytes are spread over several tokens is held back until it is whole. The pieces, with what
/// ``finish()`` gives, join to what ``Tokenizer/decode(_:skipSpecialTokens:)`` makes of all ids.
///
/// ```swift
/// var decoder = StreamingDecoder(tokenizer)
/// for id in ids { print(try decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// The beginning of a character, or nothing: at most three bytes.
    private var pending: [UInt8] = []

    /// Creates a decoder.
    ///
    /// - Parameters:
    ///   - tokenizer: whose ids are decoded.
    ///   - skipSpecialTokens: whether added tokens that are special are left out.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// Whether bytes are held back.
    public var isHoldingBack: Bool { !pending.isEmpty }

    /// Takes the next id.
    ///
    /// - Parameter id: an id of the tokenizer's vocabulary.
    /// - Returns: the text that is whole by now; empty where a character is still incomplete.
    /// - Throws: ``TokenizerError/unknownID(_:vocabularySize:)``, after which the decoder is as before.
    public mutating func append(_ id: Int) throws(TokenizerError) -> String {
        let token = try tokenizer.vocabulary.bytes(of: id)
        if skipSpecialTokens, tokenizer.vocabulary.addedToken(id)?.isSpecial == true { return "" }
        pending.append(contentsOf: token)
        let whole = pending.count - Self.incompleteSuffix(of: pending)
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeSubrange(..<whole)
        return text
    }

    /// Gives what is held back, as U+FFFD because it will never be whole, and begins anew.
    ///
    /// - Returns: the rest of the text, empty where nothing was held back.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end are the beginning of a character that more bytes could complete.
    private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let first = bytes[bytes.count - length]
            if first & 0xC0 == 0x80 { continue }
            let expected =
                switch first {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            guard length < expected else { return 0 }
            if length > 1 {
                // The second byte's range excludes overlong forms, surrogates and what lies past U+10FFFF.
                let second = bytes[bytes.count - length + 1]
                let allowed: ClosedRange<UInt8> =
                    switch first {
                    case 0xE0: 0xA0...0xBF
                    case 0xED: 0x80...0x9F
                    case 0xF0: 0x90...0xBF
                    case 0xF4: 0x80...0x8F
                    default: 0x80...0xBF
                    }
                if !allowed.contains(second) { return 0 }
            }
            return length
        }
        return 0
    }
}
