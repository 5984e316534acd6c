import QwenModel
import QwenTokenizer

/// What a model says in one turn, gathered from its tokens.
struct ResponseTurn {
    private var parser: OutputParser
    private var events: [OutputEvent] = []
    /// The number of the last call, which makes its identifier.
    private var callCount: Int
    private let keepsTokens: Bool

    /// The answer, calls left out.
    private(set) var text = ""
    private(set) var thinking = ""
    private(set) var thinkingTokens = 0
    private(set) var answerTokens = 0
    /// The tokens with their log-probabilities, if those were asked for.
    private(set) var tokens: [GeneratedToken] = []
    /// What the model asks its tools for, in order.
    private(set) var requests: [ToolBox.Request] = []

    /// - Parameters:
    ///   - parser: splits the output.
    ///   - callCount: how many calls the conversation holds already.
    ///   - keepsTokens: whether the tokens are kept.
    init(parser: OutputParser, callCount: Int, keepsTokens: Bool) {
        self.parser = parser
        self.callCount = callCount
        self.keepsTokens = keepsTokens
    }

    /// Takes the next token.
    mutating func take(_ token: GeneratedToken, to stream: inout [ResponseStream.Event]) {
        let wasThinking = parser.isThinking
        // The sentence that ends the thinking may come in the middle of a character, which is never completed then.
        if wasThinking, token.source == .thinkingControl { parser.dropIncompleteCharacter() }
        parser.consume(token.id, into: &events)
        let isThinking = wasThinking || parser.isThinking || token.source == .thinkingControl
        if isThinking { thinkingTokens += 1 } else { answerTokens += 1 }
        if keepsTokens { tokens.append(token) }
        handOver(to: &stream)
    }

    /// Ends the turn.
    mutating func finish(to stream: inout [ResponseStream.Event]) {
        parser.finish(into: &events)
        handOver(to: &stream)
    }

    private mutating func handOver(to stream: inout [ResponseStream.Event]) {
        for event in events {
            switch event {
            case .thinking(let piece):
                thinking += piece
                stream.append(.thinking(piece))
            case .text(let piece):
                text += piece
                stream.append(.text(piece))
            case .toolCallStarted(let name):
                stream.append(.toolCallStarted(name: name))
            case .toolCallDelta(let piece):
                stream.append(.toolCallDelta(piece))
            case .toolCall(let call):
                let call = identified(call)
                requests.append(.call(call))
                stream.append(.toolCall(call))
            case .unknownTool(let call):
                let call = identified(call)
                requests.append(.unknown(call))
                stream.append(.unknownTool(call))
            case .malformedToolCall(let raw):
                requests.append(.malformed(raw: raw))
                stream.append(.malformedToolCall(raw: raw))
            }
        }
        events.removeAll(keepingCapacity: true)
    }

    private mutating func identified(_ call: ToolCall) -> ToolCall {
        callCount += 1
        return ToolCall(id: "call_\(callCount)", name: call.name, arguments: call.arguments)
    }

    /// The turn as the transcript holds it. A call that could not be read is a part of the text, so that the model sees it.
    var message: Message {
        var text = text
        var calls: [ToolCall] = []
        for request in requests {
            switch request {
            case .call(let call), .unknown(let call): calls.append(call)
            case .malformed(let raw): text += (text.isEmpty ? "" : "\n") + "<tool_call>\n\(raw)\n</tool_call>"
            }
        }
        return .assistant(text, reasoning: thinking.isEmpty ? nil : thinking, toolCalls: calls)
    }

    /// What the turn cost.
    func usage(_ summary: GenerationSummary) -> Usage {
        Usage(
            promptTokens: summary.promptTokens,
            cachedTokens: summary.cachedTokens,
            thinkingTokens: thinkingTokens,
            answerTokens: answerTokens,
            timeToFirstToken: summary.timeToFirstToken,
            prefillDuration: summary.prefillDuration,
            tokensPerSecond: summary.tokensPerSecond,
            proposedTokens: summary.proposedTokens,
            acceptedTokens: summary.acceptedTokens
        )
    }
}
