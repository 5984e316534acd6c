import QwenChat
import QwenJSON
import QwenTokenizer
import Testing

@Suite("Chat templates")
struct ChatTemplateTests {
    @Test("what the template writes is scaffold, what comes from outside is content")
    func provenance() throws {
        let prompt = try ChatTemplate(.qwen3).render([.system("S"), .user("U")])
        #expect(
            prompt.segments == [
                .scaffold("<|im_start|>system\n"), .content("S"), .scaffold("<|im_end|>\n<|im_start|>user\n"),
                .content("U"),
                .scaffold("<|im_end|>\n<|im_start|>assistant\n"),
            ]
        )
    }

    @Test("a default system prompt is the template's own")
    func defaultSystemPrompt() throws {
        let prompt = try ChatTemplate(.qwen25).render([.user("U")])
        #expect(prompt.segments.first?.text.contains("You are Qwen, created by Alibaba Cloud.") == true)
        #expect(prompt.segments.first?.kind == .scaffold)
    }

    @Test("only Thinking-2507 ends inside of a thinking block", arguments: ChatTemplateFamily.allCases)
    func ending(family: ChatTemplateFamily) throws {
        let prompt = try ChatTemplate(family).render([.user("<think>\n")])
        #expect(prompt.ending == (family == .qwen3Thinking2507 ? .openThinking : .plain))
        let closed = try ChatTemplate(family).render([.user("u")], addsGenerationPrompt: false)
        #expect(closed.ending == .plain)
        #expect(closed.text.hasSuffix("<|im_end|>\n"))
    }

    @Test("an empty conversation is an error", arguments: ChatTemplateFamily.allCases)
    func empty(family: ChatTemplateFamily) {
        #expect(throws: ChatTemplateError.noMessages) { try ChatTemplate(family).render([]) }
    }

    @Test("plain ChatML has no form for tools")
    func chatMLTools() {
        let template = ChatTemplate(.chatML)
        let tool = ToolDefinition(name: "f", parameters: [:])
        let error = ChatTemplateError.toolsAreNotSupported(family: .chatML)
        #expect(throws: error) { try template.render([.user("u")], tools: [tool]) }
        #expect(throws: error) { try template.render([.user("u"), .tool("r")]) }
        #expect(throws: error) {
            try template.render([.user("u"), .assistant("", toolCalls: [ToolCall(name: "f", arguments: [:])])])
        }
    }

    @Test("newlines are code points, not characters")
    func carriageReturns() throws {
        let messages: [Message] = [.user("u"), .assistant("\r\na", reasoning: "\n\u{301}t\r\n")]
        let prompt = try ChatTemplate(.qwen3).render(messages, addsGenerationPrompt: false)
        // Python strips "\n" at both ends of the reasoning and at the start of the answer; "\r" stays.
        #expect(
            prompt.text.unicodeScalars.elementsEqual(
                "<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n<think>\n\u{301}t\r\n</think>\n\n\r\na<|im_end|>\n"
                    .unicodeScalars
            )
        )
    }

    @Test("families are found by the usual names")
    func names() {
        for family in ChatTemplateFamily.allCases { #expect(ChatTemplateFamily(name: family.rawValue) == family) }
        #expect(ChatTemplateFamily(name: "Qwen3-Thinking-2507") == .qwen3Thinking2507)
        #expect(ChatTemplateFamily(name: "hybrid_early") == .qwen3Early)
        #expect(ChatTemplateFamily(name: "coder_early") == .qwen3CoderEarly)
        #expect(ChatTemplateFamily(name: "llama3") == nil)
    }

    @Test("what a family's models can do")
    func thinkingSupport() {
        #expect(ChatTemplateFamily.qwen3.thinkingSupport == .hybrid)
        #expect(ChatTemplateFamily.qwen3Thinking2507.thinkingSupport == .always)
        #expect(ChatTemplateFamily.qwen3Coder.thinkingSupport == .never)
        #expect(ThinkingSupport.hybrid.allows(.on) && ThinkingSupport.hybrid.allows(.off))
        #expect(ThinkingSupport.always.allows(.on) && !ThinkingSupport.always.allows(.off))
        #expect(!ThinkingSupport.never.allows(.on) && ThinkingSupport.never.allows(.off))
        #expect(ThinkingSupport.allCases.allSatisfy { $0.allows($0.defaultThinking) })
    }
}

@Suite("Values as Python prints them")
struct PythonTextTests {
    /// Renders a schema's `type`, which the Coder template prints with Python's `str`.
    private func printed(_ value: JSONValue) throws -> String {
        let tool = ToolDefinition(name: "f", parameters: ["properties": ["p": ["type": value]]])
        let text = try ChatTemplate(.qwen3Coder).render([.user("u")], tools: [tool]).text
        let start = try #require(text.firstRange(of: "<type>")).upperBound
        let end = try #require(text.firstRange(of: "</type>")).lowerBound
        return String(text[start..<end])
    }

    @Test(
        "str and repr",
        arguments: [
            (.null, "None"), (.bool(true), "True"), (1, "1"), (1.5, "1.5"), ("s", "s"),
            (["a", nil, false], "['a', None, False]"), (["k": ["v": 1.0]], "{'k': {'v': 1.0}}"),
            (["it's"], #"["it's"]"#), ([#"a'b"c"#], #"['a\'b"c']"#), (["\\ \n\r\t"], #"['\\ \n\r\t']"#),
            (["\u{7F}\u{A0}\u{200B}\u{E000}\u{10FFFF}é漢😀"], #"['\x7f\xa0\u200b\ue000\U0010ffffé漢😀']"#),
        ] as [(JSONValue, String)]
    )
    func representation(value: JSONValue, expected: String) throws {
        #expect(try printed(value) == expected)
    }
}
