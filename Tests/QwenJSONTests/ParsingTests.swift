import Foundation
import QwenJSON
import Testing

@Suite struct ParsingTests {
    @Test func everyKindOfValue() throws {
        let value = try JSONValue(
            parsing: #" { "a" : [ 1 , -2.5e3 , true , false , null , "x" , {} , [] ] , "b" : "" } "#
        )
        #expect(value == ["a": [1, .number(JSONNumber(literal: "-2.5e3")!), true, false, nil, "x", [:], []], "b": ""])
        #expect(value["a"]?[0]?.int == 1)
        #expect(value["a"]?[1]?.double == -2500)
        #expect(value["a"]?[8] == nil)
        #expect(value["c"] == nil)
        #expect(value.object?.keys.elementsEqual(["a", "b"]) == true)
    }

    @Test func escapes() throws {
        let value = try JSONValue(parsing: #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000x""#)
        #expect(value.string?.unicodeScalars.elementsEqual("\"\\/\u{8}\u{C}\n\r\té😀\0x".unicodeScalars) == true)
    }

    @Test(arguments: [
        ("", JSONError.Reason.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
        ("{\"a\"", .unexpectedEnd, 4), ("\"abc", .unexpectedEnd, 4), ("\"\\u12", .unexpectedEnd, 5),
        ("tru", .unexpectedEnd, 3),
        ("[1,]", .unexpectedByte(UInt8(ascii: "]")), 3), ("{\"a\":1,}", .unexpectedByte(UInt8(ascii: "}")), 7),
        ("{1:2}", .unexpectedByte(UInt8(ascii: "1")), 1), ("[1}", .unexpectedByte(UInt8(ascii: "}")), 2),
        ("{\"a\":1]", .unexpectedByte(UInt8(ascii: "]")), 6), ("NaN", .unexpectedByte(UInt8(ascii: "N")), 0),
        ("nul1", .unexpectedByte(UInt8(ascii: "1")), 3), ("1 2", .trailingBytes, 2), ("{}x", .trailingBytes, 2),
        ("01", .invalidNumber, 0), ("-", .invalidNumber, 0), ("1.", .invalidNumber, 0), ("1e", .invalidNumber, 0),
        ("+1", .unexpectedByte(UInt8(ascii: "+")), 0), ("\"a\u{1}\"", .controlCharacter(1), 2),
        ("\"\\x\"", .invalidEscape(UInt8(ascii: "x")), 1), ("\"\\ud800\"", .loneSurrogate, 1),
        ("\"\\udc00\\ud800\"", .loneSurrogate, 1), ("\"\\ud800\\u0041\"", .loneSurrogate, 1),
        ("\u{FEFF}1", .byteOrderMark, 0),
    ])
    func refusals(text: String, reason: JSONError.Reason, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.reason == reason)
        #expect(error?.offset == offset)
    }

    @Test func malformedUTF8() {
        let sequences: [[UInt8]] = [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
        ]
        for sequence in sequences {
            let error = #expect(throws: JSONError.self) {
                try JSONValue(parsing: Array("[\"ab".utf8) + sequence + Array("\"]".utf8))
            }
            #expect(error?.reason == .invalidUTF8)
            #expect(error?.offset == 4)
        }
        // Cut off by the end of the text.
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array("\"".utf8) + [0xE2, 0x82]) }
    }

    @Test func placeOfAnError() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"a\": 1,\n  \"b\": ?\n}") }
        #expect(error?.line == 3)
        #expect(error?.column == 8)
        #expect(error?.offset == 19)
    }

    @Test func duplicateKeys() throws {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"a":1,"b":2,"\u0061":3}"#) }
        #expect(error?.reason == .duplicateKey("a"))
        #expect(error?.offset == 13)
        // Canonically equivalent keys are different keys.
        let value = try JSONValue(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value["\u{E9}"]?.int == 1)
        #expect(value["e\u{301}"]?.int == 2)
        // In an object large enough for an index.
        let members = (0..<1000).map { "\"key \($0)\":\($0)" }
        let large = try JSONValue(parsing: "{" + members.joined(separator: ",") + "}")
        for number in 0..<1000 { #expect(large["key \(number)"]?.int == number) }
        #expect(large["key 1000"] == nil)
        let again = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "{" + (members + [#""\u006bey 17":0"#]).joined(separator: ",") + "}")
        }
        #expect(again?.reason == .duplicateKey("key 17"))
        // The same key at different levels is no duplicate.
        #expect(throws: Never.self) { try JSONValue(parsing: #"{"a":{"a":{"a":1}},"b":{"a":2}}"#) }
    }

    @Test func loneSurrogatesOnRequest() throws {
        let options = JSONReadingOptions(loneSurrogates: .replace)
        let value = try JSONValue(parsing: #""a\ud800b\udc00\ud83d\ude00\ud83d\ud83d\ude00""#, options: options)
        #expect(value.string == "a\u{FFFD}b\u{FFFD}😀\u{FFFD}😀")
    }

    @Test func lengthLimit() {
        let options = JSONReadingOptions(maximumByteCount: 3)
        #expect(throws: Never.self) { try JSONValue(parsing: "123", options: options) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "1234", options: options) }
        #expect(error?.reason == .tooLong(limit: 3))
    }

    @Test func sameValueFromStringAndBytes() throws {
        let text = #"{"k":["ü",1]}"#
        #expect(try JSONValue(parsing: text) == JSONValue(parsing: Array(text.utf8)))
    }

    @Test(.enabled(if: Oracle.isPresent)) func publishedTestSuite() throws {
        // What implementations may decide: numbers of any size are kept; halves of surrogate pairs, malformed UTF-8,
        // UTF-16 and byte order marks are refused; 500 levels are within the depth limit.
        let accepted: Set = [
            "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
            "i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
            "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
            "i_number_very_big_negative_int.json", "i_structure_500_nested_arrays.json",
        ]
        // The grammar allows duplicate keys; this reader refuses them on purpose.
        let refused: Set = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]
        let folder = Oracle.file("json-test-suite/test_parsing")
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            let isAccepted = (try? JSONValue(parsing: bytes)) != nil
            let isExpected = name.hasPrefix("y_") && !refused.contains(name) || accepted.contains(name)
            #expect(isAccepted == isExpected, "\(name)")
            count += 1
        }
        #expect(count == 318)
    }

    @Test(.enabled(if: Oracle.isPresent)) func tokenizerFile() throws {
        let bytes = try Oracle.bytes("tokenizer.json")
        let value = try JSONValue(parsing: bytes)
        #expect(value["model"]?["vocab"]?.object?.count == 151_643)
        #expect(value["model"]?["merges"]?.array?.count == 151_387)
        #expect(value["model"]?["vocab"]?["Ġworld"]?.int == 1879)
        #expect(try JSONValue(parsing: value.serializedBytes()) == value)
    }
}
