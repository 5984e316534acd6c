import Foundation
import QwenJSON
import Testing

@Suite struct SerializationTests {
    @Test func pythonMakesTheSameOfIt() throws {
        let entries = try #require(try JSONValue(parsing: Fixtures.bytes("python_dumps.json")).array)
        #expect(entries.count > 800)
        for entry in entries {
            let text = try #require(entry["text"]?.string)
            let value = try JSONValue(parsing: text)
            #expect(JSONValue.string(value.serialized(.python)) == entry["dumps"])
            #expect(JSONValue.string(value.serialized(.python(indentation: 4))) == entry["indented"])
        }
    }

    @Test func compactKeepsLiterals() throws {
        let text = #"{"a":[1.0,1e5,-0,12345678901234567890,1E400],"b":{},"c":[],"d":"\u001f/é"}"#
        #expect(try JSONValue(parsing: text).serialized() == text)
        #expect(try "\(JSONValue(parsing: text))" == text)
    }

    @Test func literalsInPythonLayout() throws {
        var format = JSONFormat.python
        format.numbers = .literal
        #expect(try JSONValue(parsing: "[1E5,-0,2.50]").serialized(format) == "[1E5, -0, 2.50]")
    }

    @Test func valuesFromSwift() {
        let value: JSONValue = ["x": 0.1, "y": 3, "z": [true, nil, "\"\u{7F}\u{8}"], "w": 1.0]
        #expect(value.serialized(.python) == #"{"x": 0.1, "y": 3, "z": [true, null, "\"\#u{7F}\b"], "w": 1.0}"#)
        #expect(JSONNumber(1e16)?.literal == "1e+16")
        #expect(JSONNumber(123456789.125)?.literal == "123456789.125")
        #expect(JSONNumber(-0.0)?.literal == "-0.0")
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(-Double.infinity) == nil)
    }

    @Test func codable() throws {
        let value: JSONValue = [
            "a": [1, 2.5, true, nil, "é"], "b": .number(JSONNumber(UInt64.max)), "c": [:], "d": [],
        ]
        let data = try JSONEncoder().encode(value)
        let decoded = try JSONDecoder().decode(JSONValue.self, from: data)
        for key in ["a", "b", "c", "d"] { #expect(decoded[key] == value[key]) }
        #expect(decoded.object?.count == 4)
    }
}
