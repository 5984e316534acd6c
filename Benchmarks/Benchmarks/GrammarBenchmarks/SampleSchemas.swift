import Foundation
import QwenJSON

/// Schemas with instances: MaskBench's where a file of them is named, else a few of our own.
///
/// `QWEN_BENCHMARK_SCHEMAS` names JSON lines `{"schema": …, "tests": [{"data": …, "valid": …}]}`.
struct SampleSchemas {
    let schema: JSONValue
    /// Valid ones, as compact JSON.
    let instances: [[UInt8]]

    static let all: [SampleSchemas] = {
        guard let path = ProcessInfo.processInfo.environment["QWEN_BENCHMARK_SCHEMAS"],
            let data = try? Data(contentsOf: URL(fileURLWithPath: path))
        else { return own }
        return data.split(separator: 0x0A).compactMap { line in
            guard let json = try? JSONValue(parsing: Array(line)), let schema = json["schema"] else { return nil }
            let valid = (json["tests"]?.array ?? []).filter { $0["valid"]?.bool == true }
            return SampleSchemas(schema: schema, instances: valid.compactMap { $0["data"]?.serializedBytes() })
        }
    }()

    private static let own: [SampleSchemas] = [
        SampleSchemas(
            schema: [
                "type": "object",
                "properties": [
                    "name": ["type": "string", "maxLength": 40], "mail": ["type": "string", "format": "email"],
                    "age": ["type": "integer", "minimum": 0, "maximum": 150],
                    "tags": [
                        "type": "array", "items": ["type": "string", "pattern": "^[a-z-]+$"], "uniqueItems": true,
                    ],
                ],
                "required": ["name"],
            ],
            instances: [
                Array(#"{"name":"Ada","mail":"ada@example.org","age":36,"tags":["first-one","maths"],"x":[1]}"#.utf8)
            ]
        )
    ]
}
