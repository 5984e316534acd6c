import ArgumentParser
import Qwen
import QwenJSON

/// Outputs to thinking, text and calls.
struct Parse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Split outputs of a model into thinking, text and calls.",
        discussion: """
            With --jsonl every line {"prompt": "…", "output": "…", "thinking": true, "tools": […]} becomes {"events": […]}. \
            The output is what the model prints; its tags are recognised by their token ids in Qwen's vocabulary. \
            {"deltas": ["…", …]} in its place is text as it arrives from a server, cut anywhere. A prompt that ends in an \
            open <think> makes the output begin inside of the thinking; without a prompt, "thinking" and the family decide.
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

    @Flag(help: "Read and write JSON lines; the only form there is.")
    var jsonl = false

    func validate() throws {
        if !jsonl { throw ValidationError("Outputs come as JSON lines: pass --jsonl.") }
    }

    func run() throws {
        let family = family
        try JSONLines.answerInParallel { line, output in
            output += try ParsingInput(line, family: family).answer().serializedBytes()
        }
    }
}

/// One line of input.
private struct ParsingInput {
    private enum Output {
        case tokens([Int])
        case deltas([String])
    }

    private let family: ChatTemplateFamily
    private let output: Output
    private let tools: [ToolDefinition]
    private let startsInThinking: Bool

    init(_ line: JSONValue, family: ChatTemplateFamily) throws {
        self.family = family
        let text: String
        if let deltas = line["deltas"], !deltas.isNull {
            guard let pieces = deltas.array?.map(\.string), !pieces.contains(nil) else {
                throw FieldError(key: "deltas", expected: "an array of strings")
            }
            output = .deltas(pieces.compactMap(\.self))
            text = pieces.compactMap(\.self).joined()
        } else {
            text = try line.requiredText("output")
            output = .tokens(Tokenizer.qwen.encode(text))
        }
        tools = try (line["tools"]?.array ?? []).map { try ToolDefinition(json: $0) }
        startsInThinking = Self.startsInThinking(line, family: family, output: text)
    }

    /// Whether the prompt opened the thinking, or, where there is no rendered prompt, whether it must have.
    private static func startsInThinking(_ line: JSONValue, family: ChatTemplateFamily, output: String) -> Bool {
        if let prompt = line["prompt"]?.string {
            let turn = prompt.after(last: "<|im_start|>")
            let opening = turn.after(last: "</think>")
            if opening.hasTag("<think>") { return true }
            if prompt.hasTag("<|im_start|>") { return false }
        }
        let thinking = line["thinking"]?.bool ?? (line["thinking"]?.string.map { $0 != "off" })
        switch family.thinkingSupport {
        case .always: return thinking ?? true
        case .never: return false
        case .hybrid:
            // The template does not open the block; an output that closes one all the same was made by another.
            return thinking == true && output.hasTag("</think>") && !output.before("</think>").hasTag("<think>")
        }
    }

    /// `{"events": […]}`.
    func answer() -> JSONValue {
        var events: [OutputEvent] = []
        var reason = FinishReason.stop
        switch output {
        case .tokens(let ids):
            var parser = OutputParser(
                tokenizer: .qwen,
                family: family,
                tools: tools,
                startsInThinking: startsInThinking
            )
            let ends = ["<|im_end|>", "<|endoftext|>"].compactMap(Tokenizer.qwen.id(of:))
            let turn = ids.prefix { !ends.contains($0) }
            for id in turn { events += parser.consume(id) }
            let isCut = turn.count == ids.count && (parser.isThinking || parser.isInToolCall)
            events += parser.finish()
            if isCut { reason = Self.reasonOfCut(events) }
        case .deltas(let deltas):
            var parser = TextOutputParser(family: family, tools: tools, startsInThinking: startsInThinking)
            for delta in deltas { events += parser.consume(delta) }
            let isCut = !parser.isAtEndOfTurn && (parser.isThinking || parser.isInToolCall)
            events += parser.finish()
            if isCut { reason = Self.reasonOfCut(events) }
        }
        let finished: JSONValue = ["type": "finished", "reason": .string(reason.rawValue)]
        return ["events": .array(Self.joined(events).compactMap(\.json) + [finished])]
    }

    /// Why an output ended that is inside of something and has no end of a turn: only a complete call needs no more.
    private static func reasonOfCut(_ events: [OutputEvent]) -> FinishReason {
        switch events.last {
        case .toolCall?, .unknownTool?: .stop
        default: .length
        }
    }

    private static func joined(_ events: [OutputEvent]) -> [OutputEvent] {
        events.reduce(into: []) { result, event in
            switch (result.last, event) {
            case (.thinking(let left)?, .thinking(let right)): result[result.count - 1] = .thinking(left + right)
            case (.text(let left)?, .text(let right)): result[result.count - 1] = .text(left + right)
            case (_, .toolCallStarted), (_, .toolCallDelta): break
            default: result.append(event)
            }
        }
    }
}

extension OutputEvent {
    /// The event for programs; `nil` for what only announces another.
    fileprivate var json: JSONValue? {
        switch self {
        case .thinking(let text): ["type": "thinking", "text": .string(text)]
        case .text(let text): ["type": "text", "text": .string(text)]
        case .toolCallStarted, .toolCallDelta: nil
        case .toolCall(let call): ["type": "toolCall", "name": .string(call.name), "arguments": call.arguments]
        case .unknownTool(let call): ["type": "unknownTool", "name": .string(call.name), "arguments": call.arguments]
        case .malformedToolCall(let raw): ["type": "malformedToolCall", "raw": .string(raw)]
        }
    }
}

extension String {
    /// Whether an ASCII tag occurs, byte by byte.
    fileprivate func hasTag(_ tag: String) -> Bool { before(tag).utf8.count < utf8.count }

    /// What stands before the first tag; all if there is none.
    fileprivate func before(_ tag: String) -> String {
        Array(utf8).firstRange(of: Array(tag.utf8)).map {
            String(decoding: Array(utf8)[..<$0.lowerBound], as: UTF8.self)
        } ?? self
    }

    /// What stands after the last tag; all if there is none.
    fileprivate func after(last tag: String) -> String {
        Array(utf8).ranges(of: Array(tag.utf8)).last
            .map { String(decoding: Array(utf8)[$0.upperBound...], as: UTF8.self) } ?? self
    }
}
