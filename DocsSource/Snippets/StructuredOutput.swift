// snippet.hide
import Qwen

let model = try await QwenLanguageModel.load()
let session = ChatSession(model)
// snippet.show
struct Trip: Decodable {
    enum Season: String, Decodable, CaseIterable { case spring, summer, autumn, winter }

    var city: String
    var days: Int
    var season: Season?
    var stops: [String]
}

let reply = try await session.respond(to: "Three days in Kyoto when the leaves are red.", generating: Trip.self)
print(reply.content.city, reply.content.days, reply.response.usage.answerTokens)
// snippet.end

// snippet.limits
let schema = try JSONSchema(of: Trip.self)
    .describing("city", as: "the city's English name")
    .limiting("days", to: 1...14)
let limited = try await session.respond(to: "A week in Lisbon.", generating: Trip.self, schema: schema)
// snippet.end

// snippet.constraints
let moods = Constraint.choices(["happy", "ironic", "sad"])
let mood = try await session.respond(to: "How does this sound: 'Oh, great.'", constraint: moods)
let date = try await session.respond(to: "When does 2027 begin?", constraint: .regex("[0-9]{4}-[0-9]{2}-[0-9]{2}"))
// snippet.end
print(limited.content, mood.text, date.text)
