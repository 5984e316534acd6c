/// Whether a model thinks before it answers.
public enum ThinkingSupport: String, Sendable, Hashable, CaseIterable {
    /// As asked, request by request.
    case hybrid
    /// Before every answer.
    case always
    /// Never.
    case never

    /// Whether a request for `thinking` can be met.
    public func allows(_ thinking: Thinking) -> Bool {
        switch (self, thinking) {
        case (.hybrid, _), (.always, .on), (.always, .budget), (.never, .off), (_, .automatic): true
        case (.always, .off), (.never, .on), (.never, .budget): false
        }
    }

    /// What a model does when nobody asks: it thinks if it can.
    public var defaultThinking: Thinking {
        self == .never ? .off : .on
    }
}
