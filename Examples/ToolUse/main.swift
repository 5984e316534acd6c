import Qwen

// The embedded model asks for the weather, and gets it from a table.

struct Weather: Tool {
    struct Arguments: Decodable { var city: String }
    struct UnknownCity: Error, CustomStringConvertible {
        let city: String
        var description: String { "There is no weather for \(city)." }
    }

    let name = "get_weather"
    let description = "Get the weather in a city."
    let table = ["Paris": (21, "sunny"), "London": (14, "rainy"), "Tokyo": (26, "cloudy")]

    func call(arguments: Arguments) async throws -> String {
        guard let (degrees, sky) = table[arguments.city] else { throw UnknownCity(city: arguments.city) }
        return #"{"temperature": \#(degrees), "sky": "\#(sky)"}"#
    }
}

struct Adder: Tool {
    struct Arguments: Decodable { var expression: String }

    let name = "calculate"
    let description = "Work out an expression."

    /// Sums only: `12 + 30`.
    func call(arguments: Arguments) async throws -> Int {
        arguments.expression.split(separator: "+").compactMap { Int($0.filter(\.isNumber)) }.reduce(0, +)
    }
}

let model = try await QwenLanguageModel.load()
let policy = ToolPolicy(maximumRounds: 3) { call in
    call.name == "get_weather" || call.name == "calculate" ? .approve : .refuse(reason: "not in this program")
}

for question in ["What is the weather in Paris?", "Calculate 1200 + 34."] {
    print("> \(question)")
    // The small model has learned conversations of one task each.
    let session = ChatSession(model, tools: [Weather(), Adder()], toolPolicy: policy, options: .greedy)
    for try await event in session.streamResponse(to: question, thinking: .on) {
        switch event {
        case .text(let text): print(text, terminator: "")
        case .toolCall(let call): print("  calls \(call.name) with \(call.arguments)")
        case .toolResult(let result): print("  gets \(result.text)")
        case .usage(let usage): print("  (\(usage.cachedTokens) of \(usage.promptTokens) prompt tokens were cached)")
        default: break
        }
    }
    print("")
}
