import QwenJSON
import Testing

@Suite struct ObjectTests {
    @Test func orderIsKept() {
        var object: JSONObject = ["z": 1, "a": 2, "m": 3]
        object["a"] = 4
        object["b"] = 5
        object["z"] = nil
        object["missing"] = nil
        #expect(Array(object.keys) == ["a", "m", "b"])
        #expect(object.values.map(\.int) == [4, 3, 5])
        #expect(object.count == 3)
        #expect(object[0].key == "a")
    }

    @Test func laterDuplicatesReplaceValues() {
        let object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(JSONValue.object(object).serialized() == #"{"a":3,"b":2}"#)
    }

    @Test func largeObjectsThroughEveryChange() {
        var object = JSONObject()
        for number in 0..<2000 { object["key \(number)"] = .number(JSONNumber(number)) }
        for number in stride(from: 0, to: 2000, by: 50) { object["key \(number)"] = nil }
        for number in 2000..<2100 { object["key \(number)"] = .number(JSONNumber(number)) }
        #expect(object.count == 2000 - 40 + 100)
        for number in 0..<2100 {
            let isThere = number >= 2000 || number % 50 != 0
            #expect(object["key \(number)"]?.int == (isThere ? number : nil))
        }
    }

    @Test func equalityIsByBytesAndOrder() {
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(JSONValue.string("\r\n") == .string("\r\n"))
        #expect(["a": 1, "b": 2] as JSONValue != ["b": 2, "a": 1])
        #expect(["\u{E9}": 1] as JSONValue != ["e\u{301}": 1])
        #expect(1 as JSONValue != 1.0)
        #expect(Set([JSONValue.string("\u{E9}"), .string("e\u{301}"), .string("\u{E9}")]).count == 2)
    }
}
