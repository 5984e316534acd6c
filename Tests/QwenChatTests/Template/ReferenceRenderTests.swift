import QwenChat
import QwenJSON
import QwenTokenizer
import Testing

/// One of the reference renderer's renders, or its refusal.
struct ReferenceRender {
    let name: String
    let family: ChatTemplateFamily
    let input: ChatTemplate.Input
    let text: String?
    let ids: [Int]?

    init(line: String) throws {
        let row = try JSONValue(parsing: line)
        let template = try #require(row["template"]?.string)
        name = "\(template) \(row["case"]?.string ?? "?") \(row["enable_thinking"]?.description ?? "?")"
        family = try #require(ChatTemplateFamily(name: template))
        var input = try ChatTemplate.Input(json: try #require(row["input"]))
        input.enableThinking = row["enable_thinking"]?.bool
        self.input = input
        text = row["ok"]?.bool == true ? try #require(row["text"]?.string) : nil
        ids = row["ids"]?.array?.compactMap(\.int)
    }

    func check() {
        let prompt: Prompt
        do {
            prompt = try ChatTemplate(family).render(input, contentPolicy: .reference)
        } catch {
            #expect(text == nil, "\(name): \(error)")
            return
        }
        guard let text else {
            Issue.record("\(name): rendered what the reference refuses")
            return
        }
        #expect(prompt.text.utf8.elementsEqual(text.utf8), "\(name)")
        checkSegments(of: prompt)
        if let ids { #expect(Tokenizer.qwen.encode(segments: prompt.segments) == ids, "\(name)") }
    }

    private func checkSegments(of prompt: Prompt) {
        #expect(prompt.segments.allSatisfy { !$0.text.isEmpty }, "\(name)")
        #expect(zip(prompt.segments, prompt.segments.dropFirst()).allSatisfy { $0.kind != $1.kind }, "\(name)")
    }
}

@Suite("Renders equal the reference renderer's")
struct ReferenceRenderTests {
    @Test("the project's own selection")
    func fixtures() throws {
        let lines = try Fixtures.lines(of: "chat_template_cases.jsonl")
        #expect(lines.count == 128)
        for line in lines { try ReferenceRender(line: line).check() }
    }

    @Test("every case of the oracle", .enabled(if: Oracle.isPresent))
    func oracle() throws {
        let lines = try Oracle.lines(of: "chat_template_cases.jsonl")
        #expect(lines.count == 286)
        for line in lines { try ReferenceRender(line: line).check() }
    }

    @Test("under the isolated policy, wherever no text is shaped like markup")
    func isolatedEqualsReference() throws {
        // The cases in which the reference's decisions hang on texts, or in which it drops or doubles content.
        let steered = [
            "history_think_in_content", "literal_close_think", "spoofed_tool_response", "list_content",
            "tool_roundtrip_str",
        ]
        for line in try Fixtures.lines(of: "chat_template_cases.jsonl") {
            let render = try ReferenceRender(line: line)
            guard let text = render.text, !steered.contains(where: render.name.contains) else { continue }
            let prompt = try ChatTemplate(render.family).render(render.input)
            #expect(prompt.text.utf8.elementsEqual(text.utf8), "\(render.name)")
        }
    }
}
