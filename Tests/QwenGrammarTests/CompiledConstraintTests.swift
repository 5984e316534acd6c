import QwenGrammar
import QwenJSON
import Testing

@Suite struct CompiledConstraintTests {
    @Test func acceptsWhatASchemaAllows() throws {
        let schema: JSONValue = ["type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"]]
        let constraint = try CompiledConstraint(.jsonSchema(schema))
        #expect(constraint.accepts(#"{"a":1}"#.utf8))
        #expect(!constraint.accepts(#"{"b":1}"#.utf8))
        #expect(!constraint.accepts(#"{"a":"1"}"#.utf8))
    }
}
