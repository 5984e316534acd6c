import ArgumentParser
import Qwen
import QwenJSON

/// Conversations to prompts.
struct Render: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn conversations into prompts.",
        discussion: """
            With --jsonl every line {"messages": […], "tools": […], "enable_thinking": true, "add_generation_prompt": \
            true} becomes {"text": "…", "ids": […]}, or {"error": "…"} for a conversation that the template has no form \
            for, which leaves the status at 0. Only "messages" must be there. The ids are those of Qwen's vocabulary; text \
            from a message or a tool never becomes a control token.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The chat template: \(ChatTemplateFamily.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"
        ),
        transform: { name in
            guard let family = ChatTemplateFamily(name: name) else {
                throw ValidationError("There is no chat template named \(name).")
            }
            return family
        }
    )
    var family = ChatTemplateFamily.qwen3

    @Flag(
        help: """
            Let no text in the conversation steer the template, as a session does it; without this flag the text is that \
            of the published template byte for byte.
            """
    )
    var isolated = false

    @Flag(help: "Read and write JSON lines; the only form there is.")
    var jsonl = false

    func validate() throws {
        if !jsonl { throw ValidationError("Conversations come as JSON lines: pass --jsonl.") }
    }

    func run() throws {
        let template = ChatTemplate(family)
        let policy = isolated ? ContentPolicy.isolated : .reference
        try JSONLines.answerInParallel { line, output in
            let prompt: Prompt
            do {
                prompt = try template.render(ChatTemplate.Input(json: line), contentPolicy: policy)
            } catch {
                return JSONLines.append(error, to: &output)
            }
            output += JSONValue.object(["text": .string(prompt.text)]).serializedBytes().dropLast()
            output += #","ids":"#.utf8
            appendJSON(Tokenizer.qwen.encode(segments: prompt.segments), to: &output)
            output.append(UInt8(ascii: "}"))
        }
    }
}
