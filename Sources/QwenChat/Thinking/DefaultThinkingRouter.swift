/// The router of sessions that bring none: by what the task looks like, and by the time that the answer may take.
///
/// It looks for signs of work in the latest message (numbers with operators, the words of proofs and puzzles, code, length,
/// several questions), in English and Chinese; without any, there is no thinking. Tools in play get a small budget, since
/// the right call needs some thought; putting a tool's result into words needs none.
///
/// With a latency in seconds, the model's measured speed turns what remains after the prompt and the answer into a budget.
/// Texts decide nothing here that their author could not decide by asking another question.
public struct DefaultThinkingRouter: ThinkingRouter {
    /// From the request to the end of the answer, roughly; `nil` for as long as it takes.
    public let latency: Duration?
    /// The answer's length that the latency must leave time for, in tokens.
    public let expectedAnswerTokens: Int
    /// Less thinking than this is not worth while.
    public let leastBudget: Int

    /// As long an output as Qwen3's model cards recommend room for; a budget beyond it is none.
    private static let ampleTokens = 32_768

    /// Creates a router.
    ///
    /// - Parameters:
    ///   - latency: the time that an answer may take; `nil` for as long as it takes.
    ///   - expectedAnswerTokens: the answer's length that the latency must leave time for.
    ///   - leastBudget: less thinking than this is not worth while.
    public init(latency: Duration? = nil, expectedAnswerTokens: Int = 128, leastBudget: Int = 32) {
        self.latency = latency
        self.expectedAnswerTokens = max(0, expectedAnswerTokens)
        self.leastBudget = max(1, leastBudget)
    }

    /// Decides for one request.
    ///
    /// - Parameter task: what is asked, and of which model.
    /// - Returns: the decision.
    public func route(_ task: ThinkingTask) async -> ThinkingRoute {
        let wish = wish(for: task)
        guard wish.thinking != .off, let latency else { return wish }
        guard let speed = await task.speed(), speed.tokensPerSecond > 0, speed.promptTokensPerSecond > 0 else {
            return wish
        }
        let seconds =
            latency / .seconds(1) - Double(task.newTokens) / speed.promptTokensPerSecond
            - Double(expectedAnswerTokens) / speed.tokensPerSecond
        let affordable = Int(max(0, min(seconds * speed.tokensPerSecond, 1e9)))
        switch wish.thinking {
        case .budget(let tokens) where tokens <= affordable:
            return wish
        case .on where affordable >= Self.ampleTokens:
            return wish
        default:
            if affordable >= leastBudget { return ThinkingRoute(.budget(affordable), .latency(tokens: affordable)) }
            let least: Thinking = task.support == .always ? .budget(0) : .off
            return ThinkingRoute(least, .latency(tokens: affordable))
        }
    }

    /// What the task would get if time did not matter.
    private func wish(for task: ThinkingTask) -> ThinkingRoute {
        switch task.support {
        case .never: return ThinkingRoute(.off, .onlyChoice)
        case .always: return ThinkingRoute(.on, .onlyChoice)
        case .hybrid: break
        }
        switch task.softSwitch {
        case .think?: return ThinkingRoute(.on, .softSwitch(.think))
        case .noThink?: return ThinkingRoute(.off, .softSwitch(.noThink))
        case nil: break
        }
        if task.messages.last?.role == .tool { return ThinkingRoute(.off, .toolResult) }
        let signs = TaskSigns(task.text)
        if signs.reasoning { return ThinkingRoute(.on, .reasoning) }
        if signs.code { return ThinkingRoute(.on, .code) }
        if !task.tools.isEmpty { return ThinkingRoute(.budget(256), .tools) }
        if signs.isLong { return ThinkingRoute(.budget(1024), .length) }
        return ThinkingRoute(.off, .simple)
    }
}
