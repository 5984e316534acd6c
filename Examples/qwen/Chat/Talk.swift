import ArgumentParser
import Qwen
import QwenJSON
import Synchronization

/// A session on standard input and output.
struct Talk {
    let session: ChatSession
    let thinking: Thinking?

    /// Says something and writes the answer as it comes.
    func printAnswer(_ prompt: String) async throws {
        let interrupt = Interrupt()
        defer { interrupt.end() }
        do {
            _ = try await answer(prompt, thinking, interrupt, stopsThinkingFirst: false)
        } catch is CancellationError {
            StandardOutput.writeError("\n")
            throw ExitCode(Interrupt.exitStatus)
        }
    }

    /// Says something and writes the complete answer as one JSON object.
    func printJSON(_ prompt: String) async throws {
        let response = try await session.respond(to: prompt, thinking: thinking)
        try StandardOutput.write(response.json.serialized() + "\n")
    }

    /// Asks the person for the next message until there is none.
    func converse() async throws {
        let interrupt = Interrupt()
        defer { interrupt.end() }
        var thinking = thinking
        while true {
            try StandardOutput.write("> ")
            guard let line = readLine() else {
                return try StandardOutput.write("\n")
            }
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            if let wish = SoftSwitch(rawValue: line) {
                thinking = wish == .think ? .on : .off
                continue
            }
            do {
                let response = try await answer(line, thinking, interrupt, stopsThinkingFirst: true)
                StandardOutput.writeError(AnswerWriter.dimmed(response.usageLine, isError: true) + "\n")
            } catch is CancellationError {
                try StandardOutput.write("\n(stopped)\n")
            } catch let error as OutputError {
                throw error
            } catch {
                // The conversation is as it was before; the next message may do.
                StandardOutput.writeError("Error: \(error)\n")
            }
        }
    }

    /// Runs one request, which Ctrl-C may cancel.
    ///
    /// - Parameters:
    ///   - prompt: what is said.
    ///   - thinking: whether the model thinks.
    ///   - interrupt: tells of Ctrl-C.
    ///   - stopsThinkingFirst: whether Ctrl-C while the model thinks ends the thinking only.
    /// - Returns: the answer.
    /// - Throws: what the session throws, and `OutputError`.
    private func answer(
        _ prompt: String,
        _ thinking: Thinking?,
        _ interrupt: Interrupt,
        stopsThinkingFirst: Bool
    ) async throws -> Response {
        let stream = session.streamResponse(to: prompt, thinking: thinking)
        let thought = Thought()
        let task = Task {
            var writer = AnswerWriter()
            defer { writer.restoreTerminal() }
            for try await event in stream {
                switch event {
                case .thinking(let text):
                    thought.isOpen.store(stopsThinkingFirst, ordering: .relaxed)
                    try writer.writeThinking(text)
                case .text(let text):
                    thought.isOpen.store(false, ordering: .relaxed)
                    try writer.writeText(text)
                case .usage: break
                case .toolCallStarted, .toolCallDelta, .unknownTool, .malformedToolCall: break
                case .toolCall(let call): try writer.writeNote("\(call.name) \(call.arguments)")
                case .toolResult(let result): try writer.writeNote("→ \(result.text)")
                case .finished(let response):
                    try writer.finish()
                    return response
                }
            }
            throw CancellationError()
        }
        return try await interrupt.whileRunning(task) {
            if thought.isOpen.exchange(false, ordering: .relaxed) { stream.answerNow() } else { task.cancel() }
        }
    }
}

/// Whether the model is thinking, and Ctrl-C would end that.
private final class Thought: Sendable {
    let isOpen = Atomic<Bool>(false)
}

extension Response {
    /// What the answer cost, for people.
    fileprivate var usageLine: String {
        var parts = ["\(usage.promptTokens) prompt tokens (\(usage.cachedTokens) cached)"]
        if usage.thinkingTokens > 0 { parts.append("\(usage.thinkingTokens) thinking") }
        parts.append("\(usage.answerTokens) answer")
        parts.append("first after \(formatted(usage.timeToFirstToken / .seconds(1), digits: 2)) s")
        if let speed = usage.tokensPerSecond { parts.append("\(formatted(speed, digits: 1)) tok/s") }
        if let thinkingEnd, thinkingEnd != .model { parts.append("thinking ended by \(thinkingEnd.rawValue)") }
        if finishReason != .stop { parts.append("ended by \(finishReason.rawValue)") }
        return "[" + parts.joined(separator: ", ") + "]"
    }

    /// The answer for programs.
    fileprivate var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        func number(_ value: Double?) -> JSONValue { value.flatMap(JSONNumber.init).map(JSONValue.number) ?? .null }
        return [
            "text": .string(text),
            "thinking": thinking.map(JSONValue.string) ?? .null,
            "tool_calls": .array(toolCalls.map { ["name": .string($0.name), "arguments": $0.arguments] }),
            "finish_reason": .string(finishReason.rawValue),
            "thinking_end": thinkingEnd.map { .string($0.rawValue) } ?? .null,
            "usage": [
                "prompt_tokens": number(usage.promptTokens),
                "cached_tokens": number(usage.cachedTokens),
                "thinking_tokens": number(usage.thinkingTokens),
                "answer_tokens": number(usage.answerTokens),
                "time_to_first_token": number(usage.timeToFirstToken / .seconds(1)),
                "tokens_per_second": number(usage.tokensPerSecond),
                "proposed_tokens": number(usage.proposedTokens),
                "accepted_tokens": number(usage.acceptedTokens),
            ],
        ]
    }
}
