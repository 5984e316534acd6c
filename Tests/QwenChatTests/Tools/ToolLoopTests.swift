import QwenChat
import QwenJSON
import QwenModel
import QwenSchema
import Testing

private struct Named: Tool {
    struct Arguments: Decodable {}
    var name = "f"
    var description = "Does nothing."
    var parameters: JSONSchema = .object([:])
    func call(arguments: Arguments) async throws -> Bool { true }
}

private struct Sleeper: Tool {
    struct Arguments: Decodable { var seconds: Int }
    let name = "sleep"
    let description = "Waits."
    let log: CallLog
    func call(arguments: Arguments) async throws -> String {
        log.add("begin")
        try await Task.sleep(for: .seconds(arguments.seconds))
        log.add("end")
        return "slept"
    }
}

@Suite("A session with tools")
struct ToolLoopTests {
    /// Makes a call that cannot be read, in every turn.
    private static let babbler = ["\n": "<tool_call>", "\n\n": "<tool_call>", "<tool_call>": "{", "{": "</tool_call>"]

    @Test("tells the model what it could not read, and does not go on for ever")
    func malformed() async throws {
        let model = try await ScriptedCheckpoint(Self.babbler).load(.qwen3)
        let options = GenerationOptions(maxTokens: 20, temperature: 0)
        let policy = ToolPolicy(maximumRounds: 2, constrainsCalls: false)
        let session = ChatSession(model, tools: [Named()], toolPolicy: policy, options: options)
        var raws: [String] = []
        var results: [String] = []
        await #expect(throws: ToolCallingError.tooManyRounds(limit: 2)) {
            for try await event in session.streamResponse(to: "x", thinking: .off) {
                if case .malformedToolCall(let raw) = event { raws.append(raw) }
                if case .toolResult(let result) = event { results.append(result.text) }
            }
        }
        #expect(raws == ["{", "{", "{"])
        #expect(results.count == 2)
        #expect(results.allSatisfy { $0.hasPrefix("Error: the call could not be read") })
        #expect(session.transcript.isEmpty && !session.isResponding)
    }

    @Test("takes calls for text where it has no tools")
    func noTools() async throws {
        let model = try await ScriptedCheckpoint(Self.babbler).load(.qwen3)
        let session = ChatSession(model, options: GenerationOptions(maxTokens: 20, temperature: 0))
        #expect(try await session.respond(to: "x", thinking: .off).text == "<tool_call>{</tool_call>")
    }

    @Test(
        "refuses tools that it cannot declare",
        arguments: ["", "a b", "f</tool_call>", String(repeating: "x", count: 65)]
    )
    func names(name: String) async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        await #expect(throws: ToolCallingError.invalidName(name)) {
            try await ChatSession(model, tools: [Named(name: name)]).respond(to: "x")
        }
    }

    @Test("refuses two tools of one name, a schema that is no object's, and a choice without tools")
    func setup() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        await #expect(throws: ToolCallingError.duplicateName("f")) {
            try await ChatSession(model, tools: [Named(), Named()]).respond(to: "x")
        }
        await #expect(throws: ToolCallingError.self) {
            try await ChatSession(model, tools: [Named(parameters: .string())]).respond(to: "x")
        }
        await #expect(throws: ToolCallingError.noTools) {
            try await ChatSession(model).respond(to: "x", options: GenerationOptions(toolChoice: .required))
        }
        let allowed = ToolPolicy(allowedTools: ["g"])
        await #expect(throws: ToolCallingError.unknownChoice("f")) {
            try await ChatSession(model, tools: [Named()], toolPolicy: allowed)
                .respond(to: "x", options: GenerationOptions(toolChoice: .named("f")))
        }
    }

    @Test("refuses tools for a template that has no form for them")
    func chatML() async throws {
        let model = try await ScriptedCheckpoint().load(.chatML)
        await #expect(throws: ChatTemplateError.toolsAreNotSupported(family: .chatML)) {
            try await ChatSession(model, tools: [Named()]).respond(to: "x")
        }
    }
}

@Suite("Calls are run")
struct ToolBoxTests {
    private func call(_ seconds: JSONValue) -> ToolBox.Request {
        .call(ToolCall(name: "sleep", arguments: ["seconds": seconds]))
    }

    @Test("side by side")
    func parallel() async throws {
        let log = CallLog()
        let box = try ToolBox([Sleeper(log: log)], policy: ToolPolicy())
        let results = try await box.run([call(1), call(1), call(0)])
        #expect(results.map(\.text) == ["slept", "slept", "slept"])
        #expect(log.all.prefix(2) == ["begin", "begin"])
        #expect(log.all.filter { $0 == "begin" }.count == 3)
        #expect(log.all.last == "end" && log.all.count == 6)
    }

    @Test("only where the arguments fit, in number and in size")
    func limits() async throws {
        let log = CallLog()
        let box = try ToolBox([Sleeper(log: log)], policy: ToolPolicy(maximumCalls: 4, maximumArgumentBytes: 40))
        let long = ToolCall(name: "sleep", arguments: ["seconds": 0, "x": .string(String(repeating: "x", count: 40))])
        let unknown = ToolCall(name: "<|im_end|>", arguments: [:])
        let results = try await box.run([
            call("soon"), .call(long), .unknown(unknown), .malformed(raw: "{"), call(0),
        ])
        #expect(log.all.isEmpty)
        #expect(results.allSatisfy { $0.isError })
        #expect(results[0].text.contains("/seconds: \"soon\" is not of type integer"))
        #expect(results[1].text.contains("bytes; 40 are allowed"))
        #expect(results[2].text == "Error: there is no tool named <|im_end|>. Available: sleep.")
        #expect(results[3].text.contains("could not be read"))
        #expect(results[4].text.contains("only 4 calls"))
    }

    @Test("and cancelled with the request")
    func cancelled() async throws {
        let log = CallLog()
        let box = try ToolBox([Sleeper(log: log)], policy: ToolPolicy())
        let task = Task { try await box.run([call(60), call(60)]) }
        while log.all.count < 2 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(log.all == ["begin", "begin"])
    }
}
