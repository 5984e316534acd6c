import QwenGrammar
import QwenJSON
import Testing

@Suite struct SchemaTests {
    private func constraint(_ schema: String, _ options: SchemaOptions = .init()) throws -> CompiledConstraint {
        try CompiledConstraint(.jsonSchema(JSONValue(parsing: schema)), options: options)
    }

    private func check(_ schema: String, accepts: [String], refuses: [String]) throws {
        let constraint = try constraint(schema)
        for text in accepts {
            let isAccepted = constraint.accepts(text.utf8)
            #expect(isAccepted, "\(schema) should accept \(text)")
        }
        for text in refuses {
            let isAccepted = constraint.accepts(text.utf8)
            #expect(!isAccepted, "\(schema) should refuse \(text)")
        }
    }

    @Test func objectsTakeMembersInAnyOrderAndNoneTwice() throws {
        try check(
            #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"]}"#,
            accepts: [#"{"a":1}"#, #"{"b":"x","a":1}"#, #"{"a":1,"c":[]}"#, #"{"c":1,"a":-7,"d":null}"#],
            refuses: [
                "{}", #"{"b":"x"}"#, #"{"a":1,"a":2}"#, #"{"a":1,"c":1,"c":2}"#, #"{"a":"1"}"#, #"{"a":1 }"#, "[]",
            ]
        )
    }

    @Test func numbersAreComparedExactly() throws {
        try check(
            #"{"type":"integer","minimum":-3,"exclusiveMaximum":120,"multipleOf":3}"#,
            accepts: ["-3", "0", "3", "99", "117"],
            refuses: ["-6", "-4", "1", "120", "123", "1170", "00", "3.0", "3.5", "1e1"]
        )
        try check(
            #"{"type":"number","minimum":0.5,"maximum":12.25}"#,
            accepts: ["0.5", "1", "1.0", "9.999", "12.25", "12"],
            refuses: ["0.49", "0", "-1", "12.26", "12.2500001", "13", "100"]
        )
        try check(
            #"{"type":"number","multipleOf":0.25}"#,
            accepts: ["1", "-0.75", "2.5"],
            refuses: ["0.3", "1.125", "2.50"]
        )
    }

    @Test func exactlyOneMeansExactlyOne() throws {
        try check(
            #"{"oneOf":[{"type":"integer"},{"minimum":2}]}"#,
            accepts: ["1", "2.5", #""x""#],
            refuses: ["3", "1.5"]
        )
        try check(
            #"{"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}]}"#,
            accepts: [#"{"a":1}"#, #"{"b":1}"#, #"{"b":1,"c":2}"#],
            refuses: ["{}", #"{"a":1,"b":2}"#, #"{"b":1,"c":1,"a":2}"#]
        )
    }

    @Test func negationIsWorkedOut() throws {
        try check(
            #"{"type":"string","not":{"enum":["a","b"]}}"#,
            accepts: [#""c""#, #""""#, #""ab""#],
            refuses: [#""a""#]
        )
        try check(
            #"{"not":{"properties":{"a":{"type":"string"}},"required":["a"]}}"#,
            accepts: ["{}", #"{"a":1}"#, #"{"b":"x"}"#],
            refuses: [#"{"a":"x"}"#, #"{"b":1,"a":""}"#, "3"]
        )
    }

    @Test func patternsAndLengthsMeet() throws {
        try check(
            #"{"type":"string","pattern":"^[a-z]+$","minLength":2,"maxLength":3}"#,
            accepts: [#""ab""#, #""abc""#],
            refuses: [#""a""#, #""abcd""#, #""aB""#]
        )
        try check(#"{"type":"string","maxLength":1}"#, accepts: [#""é""#, #""😀""#, #""\n""#], refuses: [#""ab""#])
    }

    @Test func elementsOfUniqueArraysDiffer() throws {
        try check(
            #"{"type":"array","uniqueItems":true}"#,
            accepts: ["[]", "[1,2]", #"[1,"1",[1],{"a":1}]"#],
            refuses: ["[1,1]", "[1,1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#]
        )
    }

    @Test func arraysThatCannotBeUniqueAreNotBegun() throws {
        try check(
            #"{"type":"object","properties":{"a":{"type":"array","uniqueItems":true,"minItems":2,"#
                + #""items":{"type":"array","items":{"const":"x"},"minItems":2,"maxItems":2}},"b":{"type":"array","#
                + #""uniqueItems":true,"minItems":2,"items":{"type":"object","properties":{"c":{"enum":[1,2]}},"#
                + #""required":["c"],"additionalProperties":false}}},"additionalProperties":false}"#,
            accepts: ["{}", #"{"b":[{"c":1},{"c":2}]}"#],
            refuses: [#"{"a":[["x","x"]]}"#, #"{"b":[{"c":1},{"c":1}]}"#]
        )
        let constraint = try constraint(
            #"{"type":"object","properties":{"a":{"type":"array","uniqueItems":true,"minItems":2,"items":{"const":[1]}}}}"#
        )
        let matcher = ConstraintMatcher(constraint, vocabulary: .qwen)
        #expect(!matcher.accept(bytes: Array(#"{"a":"#.utf8)))
    }

    @Test func recursionNeedsABase() throws {
        try check(
            ##"{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##,
            accepts: ["{}", #"{"next":{"next":{}}}"#],
            refuses: [#"{"next":1}"#]
        )
        #expect(throws: ConstraintError.unsatisfiable) {
            try self.constraint(##"{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}"##)
        }
    }

    @Test func formatsAreEnforced() throws {
        try check(
            #"{"type":"string","format":"date"}"#,
            accepts: [#""2024-02-29""#],
            refuses: [#""2023-02-29""#, #""x""#]
        )
        let ignored = try constraint(#"{"type":"string","format":"date"}"#, .init(formats: .ignored))
        #expect(ignored.accepts(#""x""#.utf8))
    }

    @Test(arguments: [
        (#"{"$ref":"https://example.com/other.json"}"#, "$ref"), (#"{"type":"string","pattern":"(a)\\1"}"#, "pattern"),
        (#"{"type":"string","format":"regex"}"#, "format"),
        (#"{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}"#, "unevaluatedProperties"),
        (#"{"properties":{"a":{"minimum":"1"}}}"#, "minimum"),
    ])
    func whatCannotBeEnforcedIsNamed(schema: String, keyword: String) throws {
        do {
            _ = try constraint(schema)
            Issue.record("\(schema) should be refused")
        } catch let error as ConstraintError {
            #expect("\(error)".contains(keyword))
        }
    }

    @Test func hostileSchemasAreRefusedInTime() throws {
        let clock = ContinuousClock()
        let alternatives = (0..<12).map { index in
            #"{"anyOf":[{"properties":{"a\#(index)":{"const":1}}},{"properties":{"b\#(index)":{"const":1}}}]}"#
        }
        let schemas = [
            #"{"type":"string","pattern":"^(.*a.{30}){3}$"}"#, #"{"type":"string","pattern":"(a|aa|b{1000}){1000}c"}"#,
            #"{"allOf":[\#(alternatives.joined(separator: ","))]}"#, ##"{"$ref":"#"}"##,
            #"{"enum":[\#((0..<20_000).map { "[\($0)]" }.joined(separator: ","))]}"#,
            #"{"type":"number","minimum":1e9999999}"#,
        ]
        for schema in schemas {
            let start = clock.now
            #expect(throws: ConstraintError.self) { try self.constraint(schema) }
            #expect(clock.now - start < .seconds(30))
        }
    }

    @Test func countsWithoutEndAreNotCounted() throws {
        let most = Int.max
        let schemas = [
            #"{"type":"array","uniqueItems":true,"minItems":\#(most),"items":{"type":"array","items":{"type":"null"}}}"#,
            #"{"type":"array","uniqueItems":true,"items":{"type":"array","items":{"const":1},"minItems":\#(most)}}"#,
            ##"{"type":"array","uniqueItems":true,"minItems":2,"items":{"$ref":"#"}}"##,
            #"{"type":"array","uniqueItems":true,"items":{"type":"array","items":{"type":"boolean"},"maxItems":\#(most)}}"#,
        ]
        for schema in schemas {
            let start = ContinuousClock.now
            _ = try? constraint(schema).accepts("[[],[]]".utf8)
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test func regularExpressionsAndChoices() throws {
        let time = try CompiledConstraint(.regex(#"([01]\d|2[0-3]):[0-5]\d"#))
        #expect(time.accepts("23:59".utf8))
        #expect(!time.accepts("24:00".utf8))
        #expect(!time.accepts("123:59".utf8))
        let choices = try CompiledConstraint(.choices(["yes", "no", "yesterday"]))
        #expect(choices.accepts("yes".utf8))
        #expect(choices.accepts("yesterday".utf8))
        #expect(!choices.accepts("yest".utf8))
        #expect(throws: ConstraintError.unsatisfiable) { try CompiledConstraint(.choices([])) }
    }
}
