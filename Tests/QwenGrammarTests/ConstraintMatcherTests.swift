import QwenGrammar
import QwenJSON
import QwenTokenizer
import Testing

@Suite struct ConstraintMatcherTests {
    private func matcher(_ schema: String) throws -> ConstraintMatcher {
        let constraint = try CompiledConstraint(.jsonSchema(JSONValue(parsing: schema)))
        return ConstraintMatcher(constraint, vocabulary: .qwen)
    }

    private static let schema = #"""
        {"type":"object","properties":{"name":{"type":"string"},"nick":{"type":"string","minLength":2,"maxLength":9},
        "kind":{"enum":["cat","cattle","dog"]},"ages":{"type":"array","items":{"type":"integer","minimum":7}}},
        "required":["name"]}
        """#

    /// The mask against the automaton itself, token by token.
    @Test(arguments: [
        "", "{", #"{""#, #"{"na"#, #"{"name":"#, #"{"name":"a"#, #"{"nick":"a"#, #"{"nick":"abcdefgh"#,
        #"{"kind":"cat"#,
        #"{"ages":[1"#, #"{"other":{"x":[tr"#, #"{"name":"\"#, #"{"name":"x""#, #"{"name":"x","#, #"{"name":"x","n"#,
    ])
    func theMaskHoldsJustWhatTheAutomatonTakes(prefix: String) throws {
        let matcher = try matcher(Self.schema)
        #expect(matcher.accept(bytes: Array(prefix.utf8)))
        let mask = matcher.allowedTokens()
        let constraint = try CompiledConstraint(.jsonSchema(JSONValue(parsing: Self.schema)))
        let fresh = ConstraintMatcher(constraint, vocabulary: .qwen)
        for id in stride(from: 0, to: 151_643, by: 61) {
            fresh.startAgain()
            #expect(fresh.accept(bytes: Array(prefix.utf8)))
            #expect(fresh.accept(id) == mask.contains(id), "token \(id) behind \(prefix)")
        }
        // No added token is ever allowed.
        for id in 151_643..<151_669 { #expect(!mask.contains(id)) }
    }

    /// The same where strings follow patterns: whole subtrees of tokens are decided at once there.
    @Test(arguments: [
        (#"{"pattern":"^[a-z0-9_-]+$","minLength":2,"maxLength":6}"#, ["", "\"", "\"a", "\"abcd", "\"abcdef"]),
        (#"{"pattern":"^\\S*$"}"#, ["", "\"", "\"é/"]), (#"{"pattern":"^.{2,40}x"}"#, ["", "\"", "\"ab", "\"abx "]),
        (#"{"pattern":"^[^/é]{1,3}/.*$","maxLength":50}"#, ["\"", "\"ab", "\"ab/", "\"ab/\u{E9}"]),
        (#"{"format":"uri","maxLength":30}"#, ["\"", "\"http", "\"http://example.org/a", "\"http://[1:"]),
        (#"{"not":{"enum":["cat","dog"]},"minLength":3}"#, ["\"", "\"c", "\"ca", "\"do", "\"dogs"]),
        (#"{"pattern":"^[\u4e00-\u9fff]+[a-z ]*$"}"#, ["\"", "\"日", "\"日本 "]),
    ])
    func theMaskIsExactWithinPatterns(schema: String, prefixes: [String]) throws {
        let schema = #"{"type":"array","items":{"type":"string","allOf":[\#(schema)]}}"#
        let constraint = try CompiledConstraint(.jsonSchema(JSONValue(parsing: schema)))
        let fresh = ConstraintMatcher(constraint, vocabulary: .qwen)
        for prefix in prefixes {
            for head in ["[", #"["zzz","#] {
                let matcher = ConstraintMatcher(constraint, vocabulary: .qwen)
                guard matcher.accept(bytes: Array((head + prefix).utf8)) else { continue }
                let mask = matcher.allowedTokens()
                #expect(!mask.isEmpty)
                for id in stride(from: head.utf8.count, to: 151_643, by: 23) {
                    fresh.startAgain()
                    #expect(fresh.accept(bytes: Array((head + prefix).utf8)))
                    let isAccepted = fresh.accept(id)
                    if isAccepted != mask.contains(id) {
                        Issue.record("token \(id) behind \(head + prefix): \(isAccepted)")
                    }
                }
            }
        }
    }

    /// The same where several names, listed or not, may come, and where several strings may.
    @Test(arguments: [
        (
            #"{"properties":{"name":{"type":"string"},"na":true},"patternProperties":{"^[a-z_]+$":{"type":"string"}},"#
                + #""additionalProperties":false}"#,
            [
                "{", #"{""#, #"{"n"#, #"{"na"#, #"{"nam"#, #"{"name"#, #"{"x":"a","#, #"{"name":"1","n"#,
                #"{"na":"b","na"#,
            ]
        ),
        (
            #"{"properties":{"name":{"type":"integer"},"names":{"type":"string"}},"required":["names"],"maxProperties":2}"#,
            [#"{""#, #"{"na"#, #"{"name"#, #"{"x":1,"#, #"{"x":1,""#, #"{"name":1,"n"#]
        ),
        (
            #"{"properties":{"kind":{"const":1},"key":{"type":"null"}},"additionalProperties":false}"#,
            ["{", #"{""#, #"{"k"#, #"{"kind":1,"#, #"{"kind":1,"k"#, #"{"key"#]
        ),
        (
            #"{"oneOf":[{"properties":{"t":{"const":"a"},"text":true},"required":["t"]},"#
                + #"{"properties":{"t":{"const":"b"},"test":{"type":"null"}},"required":["t"],"additionalProperties":false}]}"#,
            ["{", #"{""#, #"{"te"#, #"{"t"#, #"{"t":"#, #"{"t":""#, #"{"t":"a","#, #"{"test":null,"t"#]
        ),
        (
            #"{"additionalProperties":{"anyOf":[{"type":"string","pattern":"^[a-f]+$"},{"enum":["feed the cat","7"]},{"type":"boolean"}]}}"#,
            [#"{"x":"#, #"{"x":""#, #"{"x":"fee"#, #"{"x":"feed "#]
        ),
    ])
    func theMaskIsExactWithinNames(schema: String, prefixes: [String]) throws {
        let schema = #"{"type":"object","allOf":[\#(schema)]}"#
        let constraint = try CompiledConstraint(.jsonSchema(JSONValue(parsing: schema)))
        let fresh = ConstraintMatcher(constraint, vocabulary: .qwen)
        for prefix in prefixes {
            let matcher = ConstraintMatcher(constraint, vocabulary: .qwen)
            let begins = matcher.accept(bytes: Array(prefix.utf8))
            #expect(begins, "\(prefix)")
            let mask = matcher.allowedTokens()
            // Every token that begins like one of the names, and some of the others.
            for id in 0..<151_643 {
                let isNear = id % 37 == 0 || mask.contains(id) && id % 5 == 0
                guard try isNear || Tokenizer.qwen.bytes(of: id).contains(UInt8(ascii: "\"")) else { continue }
                fresh.startAgain()
                _ = fresh.accept(bytes: Array(prefix.utf8))
                let isAccepted = fresh.accept(id)
                if isAccepted != mask.contains(id) {
                    Issue.record("token \(id) behind \(prefix): \(isAccepted)")
                }
            }
        }
    }

    @Test func textOfTheTokenizerPasses() throws {
        let matcher = try matcher(Self.schema)
        let text = #"{"kind":"cattle","zoo":{"a":[1.5e3,"Grüße 😀 \"x\" \\ \n"]},"name":"Tom","ages":[7,12,100]}"#
        for id in Tokenizer.qwen.encode(text) {
            #expect(matcher.allowedTokens().contains(id))
            #expect(matcher.accept(id))
        }
        #expect(matcher.acceptsEnd)
        #expect(matcher.isComplete)
        #expect(matcher.allowedTokens().isEmpty)
    }

    @Test func whatIsForcedIsWrittenAsTheTokenizerWould() throws {
        let matcher = try matcher(
            #"{"type":"object","properties":{"destination_city":{"const":"Kyoto"}},"required":["destination_city"],"#
                + #""additionalProperties":false}"#
        )
        var ids: [Int] = []
        while !matcher.isComplete {
            let forced = matcher.forcedTokens()
            #expect(!forced.isEmpty)
            guard !forced.isEmpty else { break }
            for id in forced {
                #expect(matcher.allowedTokens().contains(id))
                #expect(matcher.accept(id))
            }
            ids += forced
        }
        #expect(ids == Tokenizer.qwen.encode(#"{"destination_city":"Kyoto"}"#))
    }

    @Test func repetitionsLeadNowhere() throws {
        let matcher = try matcher(#"{"type":"array","uniqueItems":true,"items":{"enum":["ab","ac","b"]}}"#)
        #expect(matcher.accept(bytes: Array(#"["ab","b","a"#.utf8)))
        let allowed = matcher.allowedTokens().ids.compactMap { try? Tokenizer.qwen.decode([$0]) }
        #expect(!allowed.isEmpty)
        #expect(allowed.allSatisfy { $0.hasPrefix("c") })
        #expect(matcher.accept(bytes: Array(#"c""#.utf8)))
        let ends = matcher.allowedTokens().ids.compactMap { try? Tokenizer.qwen.decode([$0]) }
        #expect(ends == ["]"])
    }

    @Test func aRefusedTokenLeavesTheTextAsItWas() throws {
        let matcher = try matcher(#"{"type":"object","additionalProperties":{"type":"integer"}}"#)
        #expect(matcher.accept(bytes: Array(#"{"a":1"#.utf8)))
        #expect(!matcher.accept(bytes: Array(#","a""#.utf8)))
        #expect(matcher.accept(bytes: Array(#","b":2}"#.utf8)))
        #expect(matcher.isComplete)
    }
}
