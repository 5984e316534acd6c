import QwenChat
import QwenJSON
import QwenModel
import Testing

@Suite("A full context")
struct ContextPolicyTests {
    private let greedy = GenerationOptions(maxTokens: 20, temperature: 0)

    /// Rules, and four turns of some sixty tokens, the second with a tool.
    private let conversation: [Message] = {
        let filler = String(repeating: "w ", count: 20)
        return [
            .system("rules"), .user("one " + filler), .assistant("yes"), .user("two " + filler),
            .assistant("", toolCalls: [ToolCall(name: "f", arguments: ["x": 1])]), .tool("result", name: "f"),
            .assistant("yes"), .user("three " + filler), .assistant("yes"), .user("four " + filler), .assistant("yes"),
        ]
    }()

    private func session(_ policy: ContextPolicy, _ contextLength: Int) async throws -> ChatSession {
        let model = try await ScriptedCheckpoint(["\n": "y", "y": "e", "e": "s"]).load(.qwen3Instruct2507)
        return ChatSession(
            model,
            transcript: Transcript(conversation),
            options: greedy,
            contextPolicy: policy,
            contextLength: contextLength
        )
    }

    @Test("is an error with the numbers")
    func error() async throws {
        let session = try await session(.error, 200)
        let count = try session.tokenCount(for: "five")
        #expect(count > 200)
        await #expect(throws: SessionError.contextFull(promptTokens: count, contextTokens: 200)) {
            try await session.respond(to: "five")
        }
        #expect(session.transcript.messages == conversation)
    }

    @Test("nothing is dropped while there is room", arguments: [ContextPolicy.dropOldestTurns, .truncateMiddle])
    func room(policy: ContextPolicy) async throws {
        let reply = try await session(policy, 1000).respond(to: "five")
        #expect(reply.contextReduction == nil)
        #expect(reply.text == "yes")
    }

    @Test("drops the oldest turns, whole, and no more than it must", arguments: [120, 200, 260, 320])
    func oldest(contextLength: Int) async throws {
        let session = try await session(.dropOldestTurns, contextLength)
        let reply = try await session.respond(to: "five")
        let reduction = try #require(reply.contextReduction)
        let dropped = reduction.droppedMessages
        #expect(dropped == Array(conversation.dropFirst().prefix(dropped.count)))
        #expect([2, 6, 8, 10].contains(dropped.count))
        #expect(reduction.promptTokens == reply.usage.promptTokens)
        #expect(reply.usage.promptTokens <= contextLength - 20)
        // One turn fewer dropped would not have fitted.
        let turns = [0, 2, 6, 8, 10]
        let fewer = turns[(turns.firstIndex(of: dropped.count) ?? 1) - 1]
        let more = [conversation[0]] + conversation.dropFirst(1 + fewer) + [.user("five")]
        #expect(try session.model.tokenCount(for: more) > contextLength - 20)
        // The transcript has it all.
        #expect(session.transcript.messages == conversation + [.user("five"), .assistant("yes")])
    }

    @Test("drops the middle and keeps the first turn")
    func middle() async throws {
        let session = try await session(.truncateMiddle, 260)
        let reduction = try #require(try await session.respond(to: "five").contextReduction)
        #expect(reduction.droppedMessages.first == conversation[3])
        #expect(reduction.droppedMessages == Array(conversation[3..<3 + reduction.droppedMessages.count]))
        #expect([4, 6, 8].contains(reduction.droppedMessages.count))
    }

    @Test("asks the application")
    func custom() async throws {
        let policy = ContextPolicy.custom { overflow in
            #expect(overflow.turns.count == 5)
            let tokens = try overflow.tokenCount(with: overflow.turns)
            #expect(tokens == overflow.promptTokens)
            let summary = ConversationTurn([.user("What was said?"), .assistant("Numbers.")])
            return [summary] + overflow.turns.suffix(1)
        }
        let session = try await session(policy, 200)
        let reply = try await session.respond(to: "five")
        let reduction = try #require(reply.contextReduction)
        #expect(reduction.droppedMessages == Array(conversation.dropFirst()))
        let seen: [Message] = [
            .system("rules"), .user("What was said?"), .assistant("Numbers."), .user("five"),
        ]
        #expect(reply.usage.promptTokens == (try session.model.tokenCount(for: seen)))
    }

    @Test("and passes on what the application throws")
    func customThrows() async throws {
        struct Refusal: Error {}
        let session = try await session(.custom { _ in throw Refusal() }, 200)
        await #expect(throws: Refusal.self) { try await session.respond(to: "five") }
        #expect(!session.isResponding)
    }

    @Test(
        "is an error where even that does not help",
        arguments: [ContextPolicy.dropOldestTurns, .truncateMiddle, .custom { $0.turns }]
    )
    func hopeless(policy: ContextPolicy) async throws {
        let session = try await session(policy, 40)
        await #expect(throws: SessionError.self) { try await session.respond(to: String(repeating: "w ", count: 30)) }
        #expect(session.transcript.messages == conversation)
    }

    @Test("rules in the middle stay when their turn goes")
    func systemMessages() async throws {
        let model = try await ScriptedCheckpoint(["\n": "y", "y": "e", "e": "s"]).load(.qwen3Instruct2507)
        let filler = String(repeating: "w ", count: 60)
        let messages: [Message] = [
            .user(filler), .assistant("a"), .system("new rules"), .user(filler), .assistant("b"),
        ]
        let session = ChatSession(
            model,
            transcript: Transcript(messages),
            options: greedy,
            contextPolicy: .dropOldestTurns,
            contextLength: 250
        )
        let reply = try await session.respond(to: "c")
        #expect(reply.contextReduction?.droppedMessages == [.user(filler), .assistant("a")])
    }

    @Test("counts what the template writes")
    func tokenCount() async throws {
        let session = try await session(.error, 1000)
        let reply = try await session.respond(to: "five")
        #expect(try session.tokenCount() > reply.usage.promptTokens)
        let fresh = ChatSession(session.model, transcript: Transcript(conversation), options: greedy)
        #expect(try fresh.tokenCount(for: "five") == reply.usage.promptTokens)
        let tool = ToolDefinition(name: "f", parameters: ["type": "object"])
        let model = session.model
        #expect(try model.tokenCount(for: conversation, tools: [tool]) > model.tokenCount(for: conversation))
    }
}
