import Qwen

// The embedded model answers with Swift values, whatever it would like to write.

struct Reminder: Decodable, Sendable {
    enum Priority: String, Decodable, CaseIterable { case low, normal, high }

    var title: String
    var hour: Int
    var priority: Priority
    var tags: [String]
}

// The schema of a type is derived from it; limits and descriptions can be put in by hand.
let schema = JSONSchema.object([
    "title": .string("What to do.", length: 1...40),
    "hour": .integer("The hour of the day.", in: 0...23),
    "priority": .string(choices: Reminder.Priority.allCases.map(\.rawValue)),
    "tags": .array(of: .string(length: 1...12), count: 0...3),
]).closed()

let model = try await QwenLanguageModel.load()
let session = ChatSession(model, options: GenerationOptions(maxTokens: 400, temperature: 1, seed: 1))
let request = "Remind me at 9 to water the plants."

// A part of the answer is the beginning of JSON that satisfies the schema, at any time.
var reminder: Reminder?
for try await event in try session.streamResponse(to: request, generating: Reminder.self, schema: schema) {
    switch event {
    case .partial(let json): print("…", json.value?.serialized() ?? "")
    case .finished(let answer): reminder = answer.content
    default: break
    }
}
if let reminder {
    print("“\(reminder.title)” at \(reminder.hour), \(reminder.priority), \(reminder.tags.count) tags")
}

// Other forms than JSON.
let answer = try await ChatSession(model).respond(to: "Is 9 more than 4?", constraint: .choices(["yes", "no"]))
print("choice:", answer.text)
let time = try await ChatSession(model).respond(to: "When?", constraint: .regex(#"([01]\d|2[0-3]):[0-5]\d"#))
print("time:", time.text)
let sum = #"root ::= number (" + " number)+   number ::= [1-9] [0-9]{0,2}"#
let term = try await ChatSession(model).respond(to: "Give me a sum.", constraint: .grammar(sum))
print("sum:", term.text)

// What a schema asks for and nothing can enforce while text is produced is an error that says so.
do {
    _ = try CompiledConstraint(.jsonSchema(["type": "string", "format": "regex"]))
} catch {
    print("error:", error)
}
