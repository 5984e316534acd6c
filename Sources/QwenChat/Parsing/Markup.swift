/// The tags that divide an output.
enum Markup: String, Sendable, CaseIterable {
    case openThinking = "<think>"
    case closeThinking = "</think>"
    case openCall = "<tool_call>"
    case closeCall = "</tool_call>"
}

/// A piece of an output: text, or a tag that was told apart from text.
enum MarkupItem: Sendable {
    case text(String)
    case tag(Markup)

    /// The piece as the model wrote it.
    var text: String {
        switch self {
        case .text(let text): text
        case .tag(let tag): tag.rawValue
        }
    }
}
