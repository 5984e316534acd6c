import Qwen
import QwenJSON

/// A question with its answer.
struct EvalItem: Sendable {
    /// How an answer is compared with the right one.
    enum Match: String, Sendable {
        /// The last number in either.
        case number
        /// The text itself.
        case exact
    }

    /// The items that belong together, by their name.
    let set: String
    /// How many steps of work the item takes, one after the other; 0 where that cannot be told.
    let steps: Int
    let messages: [Message]
    let tools: [ToolDefinition]
    let answer: String
    let match: Match

    /// Reads `{"set", "steps", "messages", "tools", "answer", "match"}`.
    init(json: JSONValue) throws {
        let input = try ChatTemplate.Input(json: json)
        set = try json.requiredText("set")
        steps = try json.count("steps")
        messages = input.messages
        tools = input.tools
        answer = try json.requiredText("answer")
        guard let match = try Match(rawValue: json.requiredText("match")) else {
            throw FieldError(key: "match", expected: "\"number\" or \"exact\"")
        }
        self.match = match
    }

    /// Whether a model's answer is right.
    func accepts(_ text: String) -> Bool {
        switch match {
        case .number:
            guard let expected = Self.lastNumber(in: answer) else { return false }
            return Self.lastNumber(in: text) == expected
        case .exact:
            return Array(text.utf8) == Array(answer.utf8)
        }
    }

    /// Whether the item is asked in a mode: budgets are for what takes steps.
    func isAsked(in mode: ThinkingMode) -> Bool {
        if case .budget = mode.thinking { steps > 0 } else { true }
    }

    /// The digits of the last number in a text.
    private static func lastNumber(in text: String) -> [UInt8]? {
        text.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.last.map(Array.init)
    }
}

extension EvalItem {
    /// Reads a file with an item a line, the first `count` items of each set.
    static func read(path: String, count: Int) throws -> [EvalItem] {
        var items: [EvalItem] = []
        var counts: [String: Int] = [:]
        try JSONLines.forEach(inFileAt: path) { json in
            let item = try EvalItem(json: json)
            guard counts[item.set, default: 0] < count else { return }
            counts[item.set, default: 0] += 1
            items.append(item)
        }
        return items
    }
}
