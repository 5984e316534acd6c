import QwenChat
import QwenModel
import Testing

@Suite("A session streams, and stops when nobody listens")
struct ResponseStreamTests {
    private let greedy = GenerationOptions(temperature: 0)

    private func session(_ script: [String: String]) async throws -> ChatSession {
        ChatSession(try await ScriptedCheckpoint(script, contextLength: 100_000).load(.qwen3), options: greedy)
    }

    @Test("the pieces make up the answer")
    func pieces() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        var thinking = ""
        var text = ""
        var usage: Usage?
        var response: Response?
        for try await event in session.streamResponse(to: "Is it?") {
            #expect(response == nil)
            switch event {
            case .thinking(let piece): thinking += piece
            case .text(let piece): text += piece
            case .usage(let told): usage = told
            case .toolCallStarted, .toolCallDelta, .toolCall, .unknownTool, .malformedToolCall, .toolResult: break
            case .finished(let finished): response = finished
            }
        }
        #expect(thinking == "hm" && response?.thinking == thinking)
        #expect(text == "yes" && response?.text == text)
        #expect(usage != nil && usage == response?.usage)
    }

    @Test("an actor can iterate it where it stands")
    @MainActor
    func onActor() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        var text = ""
        for try await event in session.streamResponse(to: "Is it?") {
            MainActor.assertIsolated()
            if case .text(let piece) = event { text += piece }
        }
        #expect(text == "yes")
    }

    @Test("nothing happens before it is iterated, and it is iterated once")
    func cold() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        let stream = session.streamResponse(to: "Is it?")
        #expect(!session.isResponding)
        for try await _ in stream {}
        #expect(session.transcript.count == 2)
        await #expect(throws: SessionError.streamAlreadyConsumed) { for try await _ in stream {} }
        #expect(session.transcript.count == 2)
    }

    @Test("a second request meanwhile throws")
    func busy() async throws {
        let session = try await session(ScriptedCheckpoint.endless)
        var iterator: ResponseStream.AsyncIterator? = session.streamResponse(to: "Is it?").makeAsyncIterator()
        _ = try await iterator?.next()
        #expect(session.isResponding)
        await #expect(throws: SessionError.alreadyResponding) { try await session.respond(to: "And?") }
        await #expect(throws: SessionError.alreadyResponding) { try await session.prewarm() }
        #expect(session.isResponding)
        iterator = nil
        #expect(!session.isResponding)
        #expect(session.transcript.isEmpty)
    }

    @Test("leaving the loop stops it, and the session goes on", arguments: [1, 2, 7, 50])
    func dropped(after count: Int) async throws {
        let session = try await session(ScriptedCheckpoint.endless)
        let stream = session.streamResponse(to: "Is it?")
        var seen = 0
        for try await _ in stream {
            seen += 1
            if seen == count { break }
        }
        #expect(!session.isResponding)
        #expect(session.transcript.isEmpty)
        let reply = try await session.respond(to: "And?", options: GenerationOptions(maxTokens: 4, temperature: 0))
        #expect(reply.text == "tick")
        #expect(session.transcript.count == 2)
    }

    @Test("a cancelled task stops it, wherever it is", arguments: 0..<20)
    func cancelled(after count: Int) async throws {
        let session = try await session(ScriptedCheckpoint.endless)
        let task = Task {
            var seen = 0
            for try await _ in session.streamResponse(to: String(repeating: "word ", count: 20)) {
                seen += 1
                if seen == count { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        // Cancelled from outside at once, and from inside after some events.
        if count == 0 { task.cancel() }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!session.isResponding)
        #expect(session.transcript.isEmpty)
        let options = GenerationOptions(maxTokens: 4, temperature: 0)
        #expect(try await session.respond(to: "And?", options: options).text == "tick")
    }

    @Test("also while it waits", arguments: 0..<20)
    func cancelledWhileWaiting(step: Int) async throws {
        let session = try await session(ScriptedCheckpoint.endless)
        let task = Task { try await session.respond(to: String(repeating: "word ", count: 200)) }
        try await Task.sleep(for: .microseconds(200 * step))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!session.isResponding)
        #expect(session.transcript.isEmpty)
    }

    @Test("nothing keeps a session that was dropped in the middle")
    func deinitWhileGenerating() async throws {
        weak var dropped: ChatSession?
        weak var model: QwenLanguageModel?
        do {
            let session = try await session(ScriptedCheckpoint.endless)
            dropped = session
            model = session.model
            var iterator = session.streamResponse(to: "Is it?").makeAsyncIterator()
            for _ in 0..<3 { _ = try await iterator.next() }
            #expect(session.isResponding)
        }
        #expect(dropped == nil)
        #expect(model == nil)
    }

    @Test("an iterator outlives the names of its session")
    func iteratorKeepsSession() async throws {
        var iterator = try await session(ScriptedCheckpoint.thinker).streamResponse(to: "Is it?").makeAsyncIterator()
        var response: Response?
        while let event = try await iterator.next() {
            if case .finished(let finished) = event { response = finished }
        }
        #expect(response?.text == "yes")
        #expect(try await iterator.next() == nil)
    }

    @Test("sessions share a model and answer side by side")
    func sideBySide() async throws {
        let model = try await ScriptedCheckpoint().load(.qwen3)
        let greedy = greedy
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<8 {
                group.addTask { try await ChatSession(model, options: greedy).respond(to: "Is it \(number)?").text }
            }
            for try await text in group { #expect(text == "yes") }
        }
    }

    @Test("what the engine throws comes through, and the session is free again")
    func engineErrors() async throws {
        let session = try await session(ScriptedCheckpoint.thinker)
        await #expect(throws: EngineError.invalidMaxTokens(0)) {
            try await session.respond(to: "Is it?", options: GenerationOptions(maxTokens: 0))
        }
        await #expect(throws: (any Error).self) {
            try await session.respond(to: "Is it?", options: GenerationOptions(temperature: .nan))
        }
        #expect(!session.isResponding)
        #expect(session.transcript.isEmpty)
        #expect(try await session.respond(to: "Is it?").text == "yes")
    }
}
