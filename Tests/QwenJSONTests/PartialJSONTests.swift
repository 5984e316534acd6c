import QwenJSON
import Testing

@Suite struct PartialJSONTests {
    @Test(arguments: [
        ("", nil), (" ", nil), ("{", "{}"), (#"{"ci"#, "{}"), (#"{"city":"#, "{}"),
        (#"{"city":"Kyo"#, #"{"city":"Kyo"}"#),
        (#"{"city":"Kyoto","da"#, #"{"city":"Kyoto"}"#), (#"{"a":1"#, "{}"), (#"{"a":1,"#, #"{"a":1}"#),
        (#"{"a":[1,2"#, #"{"a":[1]}"#), (#"{"a":[{"b":tru"#, #"{"a":[{}]}"#), (#"["a\"#, #"["a"]"#),
        (#"["\u00e"#, #"[""]"#),
        (#"["\ud83d"#, #"[""]"#), (#"["\ud83d\ude0"#, #"[""]"#), (#"["\ud83d\ude00"#, #"["😀"]"#), ("12", nil),
        ("tru", nil),
        ("true", "true"), (#""ab"#, #""ab""#), (#""ab""#, #""ab""#), ("[]]", nil), ("{\"a\u{1}", "{}"),
        ("[\"a\u{1}", nil),
    ])
    func closesWhatIsOpen(text: String, expected: String?) throws {
        let expected = try expected.map { try JSONValue(parsing: $0) }
        #expect(PartialJSON(text).value == expected)
    }

    /// Whether a value may become another one by text that is added at its end.
    private func begins(_ earlier: JSONValue, _ later: JSONValue) -> Bool {
        switch (earlier, later) {
        case (.string(let mine), .string(let theirs)): theirs.unicodeScalars.starts(with: mine.unicodeScalars)
        case (.array(let mine), .array(let theirs)):
            mine.count <= theirs.count && zip(mine, theirs).dropLast(mine.isEmpty ? 0 : 1).allSatisfy { $0 == $1 }
                && zip(mine, theirs).allSatisfy { begins($0, $1) }
        case (.object(let mine), .object(let theirs)):
            mine.members.count <= theirs.members.count
                && zip(mine.members, theirs.members).allSatisfy { $0.key == $1.key && begins($0.value, $1.value) }
        default: earlier == later
        }
    }

    private func randomValue(_ depth: Int, _ generator: inout some RandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2:
            return .number(
                JSONNumber(literal: ["0", "-1", "12.50", "3e5", "1E-2"].randomElement(using: &generator) ?? "0") ?? 0
            )
        case 3, 4:
            let pieces = ["a", "\"", "\\", "/", "\n", "\u{7}", "é", "日本", "😀", "e\u{301}", "\u{2028}", "{", "]", ","]
            return .string(
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? ""
                }.joined()
            )
        case 5, 6:
            return .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in randomValue(depth - 1, &generator) }
            )
        default:
            var object: JSONObject = [:]
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                object[["a", "b\"", "ключ", "\\", "d"].randomElement(using: &generator) ?? ""] = randomValue(
                    depth - 1,
                    &generator
                )
            }
            return .object(object)
        }
    }

    /// Escapes in every way that JSON has, and puts white space in.
    private func text(_ value: JSONValue, _ generator: inout some RandomNumberGenerator) -> String {
        var result = ""
        var isInString = false
        var isEscaped = false
        for character in value.serialized().unicodeScalars {
            if isInString, !isEscaped, character.value > 0x7F, Bool.random(using: &generator) {
                for unit in String(character).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
                continue
            }
            if !isInString, Int.random(in: 0..<4, using: &generator) == 0, ",:[]{}".unicodeScalars.contains(character) {
                result += " "
            }
            if character == "\"", !isEscaped { isInString.toggle() }
            isEscaped = isInString && character == "\\" && !isEscaped
            result.unicodeScalars.append(character)
        }
        return result
    }

    @Test func nothingIsTakenBack() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            let value = randomValue(4, &generator)
            let text = text(value, &generator)
            #expect(try JSONValue(parsing: text) == value)
            var before: JSONValue?
            var prefix = ""
            for scalar in text.unicodeScalars {
                prefix.unicodeScalars.append(scalar)
                let now = PartialJSON(prefix).value
                if let before {
                    let continues = now.map { begins(before, $0) } ?? false
                    #expect(continues, "\(prefix) of \(text)")
                }
                before = now
            }
            if case .number = value {} else { #expect(before == value) }
        }
    }
}
