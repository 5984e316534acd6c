import Foundation
import QwenChat
import QwenModel
import Testing

@Suite("A conversation that was saved")
struct SavedSessionTests {
    private let greedy = GenerationOptions(maxTokens: 100, temperature: 0)
    private let plain = ["\n": "y", "y": "e", "e": "s"]

    private func withFile<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "session-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file)
    }

    @Test("goes on as if it had never ended")
    func restored() async throws {
        try await withFile { file in
            let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
            let session = ChatSession(model, instructions: String(repeating: "rule ", count: 100), options: greedy)
            _ = try await session.respond(to: "one")
            _ = try await session.respond(to: "two")
            try await session.save(to: file)
            let expected = try await session.respond(to: "three")

            // Another engine, as in another process.
            let other = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
            let restored = try await ChatSession(other, restoring: file, options: greedy)
            #expect(restored.transcript.messages == Array(session.transcript.messages.dropLast(2)))
            let reply = try await restored.respond(to: "three")
            #expect(reply.text == expected.text)
            #expect(reply.usage.cachedTokens == expected.usage.cachedTokens)
            #expect(reply.usage.cachedTokens > 500)
            #expect(restored.transcript == session.transcript)
        }
    }

    @Test("is refused where it belongs to another model")
    func otherModel() async throws {
        try await withFile { file in
            let session = ChatSession(try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507), options: greedy)
            _ = try await session.respond(to: "one")
            try await session.save(to: file)
            let other = try await ScriptedCheckpoint(["\n": "n", "n": "o"]).load(.qwen3Instruct2507)
            await #expect(throws: SavedContextError.otherModel) {
                _ = try await ChatSession(other, restoring: file)
            }
        }
    }

    @Test("is refused where it holds no conversation")
    func noConversation() async throws {
        try await withFile { file in
            let model = try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507)
            try await model.engine.save(model.engine.makeContext(), to: file.path, attachment: Array("[".utf8))
            await #expect(throws: DecodingError.self) { _ = try await ChatSession(model, restoring: file) }
        }
    }

    @Test("cannot be saved while it answers")
    func busy() async throws {
        try await withFile { file in
            let session = ChatSession(try await ScriptedCheckpoint(plain).load(.qwen3Instruct2507), options: greedy)
            var events = session.streamResponse(to: "one").makeAsyncIterator()
            _ = try await events.next()
            await #expect(throws: SessionError.alreadyResponding) { try await session.save(to: file) }
            while try await events.next() != nil {}
            try await session.save(to: file)
        }
    }
}
