import QwenChat
import QwenJSON
import QwenModel
import QwenSchema
import Testing

private struct Counter: Tool {
    struct Arguments: Decodable { var n: Int }

    let log: CallLog
    var name = "count"
    let description = "Counts."
    var parameters: JSONSchema { .object(["n": .integer(in: 2...4)]).closed() }

    func call(arguments: Arguments) async throws -> Int {
        log.add("\(name) \(arguments.n)")
        return arguments.n
    }
}

/// What cannot be enforced while text is produced.
private struct Pattern: Tool {
    struct Arguments: Decodable { var text: String }

    let log: CallLog
    let name = "pattern"
    let description = "Takes a palindrome."
    var parameters: JSONSchema { .object(["text": .string(pattern: #"^(a|b)\1$"#)]).closed() }

    func call(arguments: Arguments) async throws -> String {
        log.add(arguments.text)
        return arguments.text
    }
}

@Suite("Calls are held to the tools that there are")
struct CallConstraintTests {
    private func options(_ choice: ToolChoice, maxTokens: Int = 100) -> GenerationOptions {
        GenerationOptions(maxTokens: maxTokens, toolChoice: choice, temperature: 0)
    }

    @Test("a model that would not call must, behind its thinking", arguments: [Thinking.on, .off, .budget(1)])
    func required(thinking: Thinking) async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let log = CallLog()
        let session = ChatSession(model, tools: [Counter(log: log)])
        let reply = try await session.respond(to: "x", thinking: thinking, options: options(.required))
        #expect(log.all.count == 1)
        #expect(["count 2", "count 3", "count 4"].contains(log.all.first))
        #expect(reply.text == "yes")
        #expect(reply.messages[0].text.isEmpty)
        if thinking == .off { #expect(reply.messages[0].reasoning == nil) }
        if thinking == .on { #expect(reply.messages[0].reasoning == "hm") }
    }

    @Test("a named tool is the one that is called", arguments: ["a", "b"])
    func named(name: String) async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let log = CallLog()
        let session = ChatSession(model, tools: [Counter(log: log, name: "a"), Counter(log: log, name: "b")])
        let reply = try await session.respond(to: "x", thinking: .on, options: options(.named(name)))
        #expect(log.all.count == 1)
        #expect(log.all.allSatisfy { $0.hasPrefix(name + " ") })
        #expect(reply.text == "yes")
    }

    @Test("a call that is cut off is none")
    func cutOff() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let session = ChatSession(model, tools: [Counter(log: CallLog())])
        await #expect(throws: ToolCallingError.self) {
            try await session.respond(to: "x", thinking: .off, options: options(.required, maxTokens: 12))
        }
        #expect(session.transcript.isEmpty && !session.isResponding)
    }

    @Test("what a model begins as a call becomes one that can be run")
    func auto() async throws {
        // Would write {} without a name, for ever.
        let script = [
            "\n": "<tool_call>", "\n\n": "<tool_call>", "<tool_call>": "{", "{": "}", "}": "</tool_call>", ">": "y",
        ]
        let model = try await ScriptedCheckpoint(script).load(.qwen3)
        let log = CallLog()
        let policy = ToolPolicy(maximumRounds: 1)
        let session = ChatSession(model, tools: [Counter(log: log)], toolPolicy: policy)
        await #expect(throws: ToolCallingError.tooManyRounds(limit: 1)) {
            try await session.respond(to: "x", thinking: .off, options: options(.auto))
        }
        #expect(["count 2", "count 3", "count 4"].contains(log.all.first))
    }

    @Test("a tag within a line is prose")
    func prose() async throws {
        let model = try await ScriptedCheckpoint(["\n\n": "a", "a": "<tool_call>", "<tool_call>": "b"]).load(.qwen3)
        let session = ChatSession(model, tools: [Counter(log: CallLog())])
        let reply = try await session.respond(to: "x", thinking: .off, options: options(.auto))
        #expect(reply.text == "a<tool_call>b")
    }

    @Test("a schema that cannot be enforced is compared with the arguments")
    func fallback() async throws {
        let model = try await ScriptedCheckpoint(["{": "}", "<tool_call>": "\n"]).load(.qwen3)
        let log = CallLog()
        let session = ChatSession(model, tools: [Pattern(log: log)], toolPolicy: ToolPolicy(maximumRounds: 1))
        let reply = try await session.respond(to: "x", thinking: .off, options: options(.required))
        #expect(log.all.isEmpty)
        #expect(reply.messages[1].text.contains("do not fit the tool's schema"))
    }

    @Test("in Coder's form the name is held to the tools")
    func coder() async throws {
        let model = try await ScriptedCheckpoint(["\n": "</tool_call>"]).load(.qwen3Coder)
        let session = ChatSession(model, tools: [Counter(log: CallLog())], toolPolicy: ToolPolicy(maximumRounds: 1))
        var started: [String] = []
        do {
            for try await event in session.streamResponse(to: "x", options: options(.named("count"))) {
                if case .toolCallStarted(let name) = event { started.append(name) }
            }
        } catch is ToolCallingError {}
        #expect(started.first == "count")
    }

    @Test("an answer of a form may come behind calls")
    func structured() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let log = CallLog()
        let session = ChatSession(model, tools: [Counter(log: log)])
        let reply = try await session.respond(
            to: "x",
            schema: JSONSchema(["enum": ["no", "yes"]]),
            thinking: .on,
            options: options(.required)
        )
        #expect(log.all.count == 1)
        #expect(reply.response.rounds.count == 2)
        #expect(["no", "yes"].contains(reply.content.string))
    }
}
