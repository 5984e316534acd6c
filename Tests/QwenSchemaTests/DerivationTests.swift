import Foundation
import QwenJSON
import QwenSchema
import Testing

private enum Unit: String, Codable, CaseIterable { case celsius, fahrenheit }
private enum Level: Int, Decodable, CaseIterable { case low = 1, high = 5 }
private enum Closed: String, Decodable { case a }

private struct Address: Codable, Equatable {
    var city: String
    var number: Int?
}

private struct Everything: Decodable {
    var flag: Bool
    var small: UInt8
    var count: Int
    var ratio: Double
    var name: String?
    var unit: Unit
    var level: Level?
    var address: Address
    var others: [Address]
    var tags: Set<String>
    var numbers: [String: Int]
    var day: Date
    var link: URL
    var id: UUID
    var anything: JSONValue
    var holes: [Int?]
}

private struct Tree: Decodable { var children: [Tree] }

private struct WithDefault: Decodable {
    var limit: Int
    enum CodingKeys: String, CodingKey { case limit = "max_count" }
    init(from decoder: any Decoder) throws {
        limit = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .limit) ?? 5
    }
}

private struct Wrapper: Decodable {
    var text: String
    init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
}

@Suite("A schema is derived from a type")
struct DerivationTests {
    private func parsed(_ json: String) throws -> JSONValue { try JSONValue(parsing: json) }

    @Test("with every kind of property, in order")
    func everything() throws {
        let schema = try JSONSchema(of: Everything.self)
        let address = """
            {"type": "object", "properties": {"city": {"type": "string"}, "number": {"type": "integer"}}, "required": ["city"]}
            """
        let expected = try parsed(
            """
            {"type": "object", "properties": {
                "flag": {"type": "boolean"}, "small": {"type": "integer", "minimum": 0, "maximum": 255},
                "count": {"type": "integer"}, "ratio": {"type": "number"}, "name": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "level": {"type": "integer", "enum": [1, 5]}, "address": \(address),
                "others": {"type": "array", "items": \(address)}, "tags": {"type": "array", "items": {"type": "string"}},
                "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
                "day": {"type": "string", "format": "date-time"}, "link": {"type": "string", "format": "uri"},
                "id": {"type": "string", "format": "uuid"}, "anything": {},
                "holes": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}},
             "required": ["flag", "small", "count", "ratio", "unit", "address", "others", "tags", "numbers", "day", "link", "id",
                "anything", "holes"]}
            """
        )
        #expect(schema.json == expected)
    }

    @Test("and what the schema allows can be decoded")
    func decode() throws {
        let value = try parsed(
            """
            {"flag": true, "small": 255, "count": 9007199254740993, "ratio": 1, "unit": "celsius", "address": {"city": "Kyoto"},
             "others": [], "tags": ["a"], "numbers": {"a": 1}, "day": "2024-05-06T07:08:09.5Z", "link": "https://a.b",
             "id": "E621E1F8-C36C-495A-93FC-0C247A3E6E5F", "anything": {"x": [1]}, "holes": [1, null]}
            """
        )
        #expect(try JSONSchema(of: Everything.self).violations(of: value).isEmpty)
        let decoded = try value.decode(Everything.self)
        #expect(decoded.count == 9_007_199_254_740_993 && decoded.address == Address(city: "Kyoto"))
        #expect(decoded.holes == [1, nil] && decoded.day.timeIntervalSince1970 == 1_714_979_289.5)
    }

    @Test("defaults are not required, keys are those that are decoded")
    func defaults() throws {
        let schema = try JSONSchema(of: WithDefault.self)
        #expect(schema.json == ["type": "object", "properties": ["max_count": ["type": "integer"]]])
        #expect(try JSONSchema(of: Wrapper.self).json == ["type": "string"])
        #expect(try JSONSchema(of: [Wrapper].self).json == ["type": "array", "items": ["type": "string"]])
        #expect(try JSONSchema(of: [String: Address?].self).json["type"] == "object")
    }

    @Test("what cannot be derived is a typed error")
    func errors() {
        #expect(throws: SchemaDerivationError.recursive(type: "Tree", path: "root.children.[]")) {
            try JSONSchema(of: Tree.self)
        }
        #expect(throws: SchemaDerivationError.self) { try JSONSchema(of: Closed.self) }
        #expect(throws: SchemaDerivationError.self) { try JSONSchema(of: [Closed].self) }
    }

    @Test("descriptions and limits are put in by name")
    func building() throws {
        let schema = try JSONSchema(of: Address.self).describing("city", as: "Where").limiting("number", to: 1...9)
            .closed()
        #expect(
            schema.json == [
                "type": "object",
                "properties": [
                    "city": ["type": "string", "description": "Where"],
                    "number": ["type": "integer", "minimum": 1, "maximum": 9],
                ],
                "required": ["city"], "additionalProperties": false,
            ]
        )
        let built = JSONSchema.object(["city": .string("Where"), "number": .integer(in: 1...9)], optional: ["number"])
        #expect(built.closed() == schema)
    }
}
