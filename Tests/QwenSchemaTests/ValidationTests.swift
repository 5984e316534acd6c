import Foundation
import QwenJSON
import QwenSchema
import Testing

@Suite("A value is compared with a schema")
struct ValidationTests {
    /// Made by Python's jsonschema; see `make_validation_cases.py`.
    @Test("as the reference does it, with the same places")
    func reference() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/validation_cases.jsonl")
        let lines = try Data(contentsOf: url).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 500)
        for line in lines {
            let one = try JSONValue(parsing: [UInt8](line))
            let schema = JSONSchema(try #require(one["schema"]))
            let value = try #require(one["value"])
            let expected = try #require(one["pointers"]?.array).compactMap(\.string)
            let found = Set(schema.violations(of: value, limit: 1000).map(\.pointer))
            #expect(found == Set(expected), "\(schema) \(value)")
        }
    }

    @Test("and a ring of references ends")
    func ring() {
        let schema = JSONSchema([
            "$ref": "#/$defs/a", "$defs": ["a": ["$ref": "#/$defs/b"], "b": ["$ref": "#/$defs/a"]],
        ])
        #expect(schema.violations(of: 1).map(\.keyword) == ["$ref"])
        #expect(JSONSchema(["$ref": "https://example.org"]).violations(of: 1).map(\.keyword) == ["$ref"])
        let tree = JSONSchema(["type": "object", "properties": ["next": ["$ref": "#"]], "additionalProperties": false])
        #expect(tree.violations(of: ["next": ["next": [:]]]).isEmpty)
        #expect(tree.violations(of: ["next": ["next": ["x": 1]]]).map(\.pointer) == ["/next/next"])
    }

    @Test("alternatives within alternatives do not take for ever")
    func budget() {
        var schema: JSONValue = ["type": "string"]
        for _ in 0..<40 { schema = ["anyOf": [schema, schema]] }
        #expect(!JSONSchema(schema).violations(of: 1).isEmpty)
    }

    @Test("the reason says what and where")
    func reasons() throws {
        let schema = JSONSchema.object(["cities": .array(of: .object(["name": .string()]))])
        let value: JSONValue = ["cities": [["name": 1]]]
        #expect(throws: SchemaViolation(pointer: "/cities/0/name", keyword: "type", reason: "1 is not of type string"))
        {
            try schema.validate(value)
        }
        #expect(schema.violations(of: [:]).map(\.description) == ["the value: missing: cities"])
    }
}
