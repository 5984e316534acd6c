import QwenModel
import Testing

/// Patterns of `alpha_pattern`. What matches is what Python's `re.match(rf"(.*\.)?({pattern})$", module)` says, as in PEFT.
@Suite struct ModulePatternTests {
    private static let modules = [
        "model.layers.0.self_attn.q_proj", "model.layers.12.mlp.up_proj", "lm_head",
        "model.layers.3.mlp.experts.7.down_proj",
    ]

    @Test(arguments: [
        (#"q_proj"#, [0]),
        (#"self_attn.q_proj"#, [0]),
        (#"attn.q_proj"#, []),
        (#"model.layers.0.self_attn.q_proj"#, [0]),
        (#"layers.0.*"#, [0]),
        (#"q_proj|up_proj"#, [0, 1]),
        (#"layers\.\d+\.mlp\.up_proj"#, [1]),
        (#"layers\.[0-3]\..*proj"#, [0, 3]),
        (#"layers\.([0-9]|1[0-2])\.(self_attn|mlp)\.(q|up)_proj"#, [0, 1]),
        (#"^model.layers.0.self_attn.q_proj"#, [0]),
        (#"^q_proj"#, []),
        (#"lm_head$"#, [2]),
        (#"(?:down|up)_proj"#, [1, 3]),
        (#"[^.]+_proj"#, [0, 1, 3]),
        (#"x?lm_head"#, [2]),
        (#".*"#, [0, 1, 2, 3]),
        (#""#, []),
        (#"\w+_proj"#, [0, 1, 3]),
        (#"q_pro"#, []),
        (#"(layers)+.0.self_attn.[pq]_proj"#, [0]),
        (#"(a|)q_proj"#, [0]),
    ])
    func matchesAsInPython(_ pattern: String, _ expected: [Int]) throws {
        let compiled = try #require(ModulePattern(pattern))
        #expect(Self.modules.indices.filter { compiled.matches(Self.modules[$0]) } == expected)
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[]", "[z-a]", "*", "a**", "\\", #"\b"#, #"(a)\1"#, "(?=a)", "(?P<n>a)", "a{2}", "a$b",
        "a^b",
        String(repeating: "(", count: 100), String(repeating: "a", count: 1025),
    ])
    func refusesWhatItCannotDo(_ pattern: String) {
        #expect(ModulePattern(pattern) == nil)
    }

    /// Patterns that take engines which go back and try again 2^1000 steps.
    @Test(arguments: ["(a+)+b", "(a|a)*b", "(a*)*b", "((a?)+)+b", "(.*.*.*.*)*b"]) func takesNoTime(_ pattern: String)
        throws
    {
        let compiled = try #require(ModulePattern(pattern))
        #expect(!compiled.matches(String(repeating: "a", count: 1000)))
        #expect(compiled.matches(String(repeating: "a", count: 1000) + "b"))
    }
}
