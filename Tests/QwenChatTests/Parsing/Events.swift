import QwenChat

/// Joins neighbouring events of a kind; leaves out how a call came about.
func joined(_ events: [OutputEvent]) -> [OutputEvent] {
    events.reduce(into: []) { result, event in
        switch (result.last, event) {
        case (.thinking(let left)?, .thinking(let right)): result[result.count - 1] = .thinking(left + right)
        case (.text(let left)?, .text(let right)): result[result.count - 1] = .text(left + right)
        case (_, .toolCallStarted), (_, .toolCallDelta): break
        default: result.append(event)
        }
    }
}
