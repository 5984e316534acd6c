// snippet.hide
import Qwen

let model = try await QwenLanguageModel.load()

func forecast(_ city: String, days: Int) async throws -> String { "sunny in \(city) for \(days) days" }
// snippet.show
struct Weather: Tool {
    struct Arguments: Decodable {
        var city: String
        var days: Int?
    }

    let name = "get_weather"
    let description = "Get the weather in a city."

    func call(arguments: Arguments) async throws -> String {
        try await forecast(arguments.city, days: arguments.days ?? 1)
    }
}

let session = ChatSession(model, tools: [Weather()])
let reply = try await session.respond(to: "Do I need an umbrella in Kyoto?", thinking: .on)
print(reply.text, reply.toolCalls)
// snippet.end

// snippet.policy
let policy = ToolPolicy(maximumRounds: 3, maximumResultBytes: 4096) { call in
    call.name == "get_weather" ? .approve : .refuse(reason: "Only the weather may be asked for.")
}
let careful = ChatSession(model, tools: [Weather()], toolPolicy: policy)
// snippet.end

// snippet.choice
var options = GenerationOptions()
options.toolChoice = .named("get_weather")
let called = try await careful.respond(to: "Kyoto", options: options)
// snippet.end
print(called.text)
