import ArgumentParser
import Qwen

/// How a model is asked to think.
struct ThinkingMode: Hashable, Sendable, ExpressibleByArgument {
    let thinking: Thinking

    /// `on`, `off`, `auto`, or the tokens of a budget.
    init?(argument: String) {
        switch argument {
        case "on": thinking = .on
        case "off": thinking = .off
        case "auto": thinking = .automatic
        default:
            guard let tokens = Int(argument), tokens > 0 else { return nil }
            thinking = .budget(tokens)
        }
    }

    /// The word that ``init(argument:)`` reads.
    var name: String {
        switch thinking {
        case .off: "off"
        case .on: "on"
        case .budget(let tokens): "\(tokens)"
        case .automatic: "auto"
        }
    }

    /// The heading of a table's column.
    var heading: String {
        switch thinking {
        case .off: "no thinking"
        case .on: "unlimited"
        case .budget(let tokens): "\(tokens) tokens"
        case .automatic: "as routed"
        }
    }

    /// From no thinking to as much as the model wants.
    var rank: Int {
        switch thinking {
        case .off: 0
        case .budget(let tokens): tokens
        case .on: .max - 1
        case .automatic: .max
        }
    }
}
