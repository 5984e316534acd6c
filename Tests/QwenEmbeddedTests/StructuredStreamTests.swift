import QwenChat
import QwenEmbedded
import QwenJSON
import QwenSchema
import Testing

@Suite("Answers of a form, by the model in the program")
struct StructuredStreamTests {
    private struct Reminder: Decodable, Sendable {
        enum Priority: String, Decodable, CaseIterable { case low, normal, high }
        var title: String
        var hour: Int
        var priority: Priority
        var tags: [String]
    }

    private static let schema = JSONSchema.object([
        "title": .string(length: 1...40), "hour": .integer(in: 0...23),
        "priority": .string(choices: ["low", "normal", "high"]),
        "tags": .array(of: .string(length: 0...8), count: 0...3),
    ]).closed()

    private func begins(_ earlier: JSONValue, _ later: JSONValue) -> Bool {
        switch (earlier, later) {
        case (.string(let mine), .string(let theirs)): theirs.unicodeScalars.starts(with: mine.unicodeScalars)
        case (.array(let mine), .array(let theirs)):
            mine.count <= theirs.count && zip(mine, theirs).allSatisfy { begins($0, $1) }
        case (.object(let mine), .object(let theirs)):
            mine.members.count <= theirs.members.count
                && zip(mine.members, theirs.members).allSatisfy { $0.key == $1.key && begins($0.value, $1.value) }
        default: earlier == later
        }
    }

    @Test("stream in, each the beginning of the next", arguments: [UInt64(1), 2, 3])
    func partial(seed: UInt64) async throws {
        let model = try await QwenLanguageModel.load()
        let options = GenerationOptions(maxTokens: 400, temperature: 1.5, topK: 0, topP: 1, seed: seed)
        let session = ChatSession(model, options: options)
        let stream = try session.streamResponse(
            to: "Remind me at 9 to water the plants.",
            generating: Reminder.self,
            schema: Self.schema,
            thinking: .off
        )
        var values: [JSONValue] = []
        var reply: StructuredResponse<Reminder>?
        for try await event in stream {
            switch event {
            case .partial(let json):
                let value = json.value
                #expect(value != nil, "\(json.text)")
                if let value { values.append(value) }
            case .finished(let answer): reply = answer
            default: break
            }
        }
        let answer = try #require(reply)
        #expect(values.count > 3)
        for (earlier, later) in zip(values, values.dropFirst()) { #expect(begins(earlier, later)) }
        #expect(try values.last == JSONValue(parsing: answer.response.text))
        #expect(Self.schema.violations(of: try JSONValue(parsing: answer.response.text), limit: 5).isEmpty)
        #expect((0...23).contains(answer.content.hour))
    }
}
