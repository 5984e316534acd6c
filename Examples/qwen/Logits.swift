import ArgumentParser
import Qwen
import QwenJSON

/// What a model says of token ids.
struct Logits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compute logits, likelihood and greedy continuation of token ids.",
        discussion: """
            Every line {"input_ids": […], "greedy": N} becomes {"logits_last": […], "greedy": […], "nll": x}: the logits \
            after the last token, the N likeliest tokens one after another (whatever they are: nothing ends them), and the \
            mean negative log-likelihood of the tokens after the first, in nats; null for a single token.
            """
    )

    @OptionGroup var model: ModelOption

    @OptionGroup var engine: EngineFlags

    @Flag(help: "Read and write JSON lines; the only form there is.")
    var jsonl = false

    func validate() throws {
        if !jsonl { throw ValidationError("Token ids come as JSON lines: pass --jsonl.") }
    }

    func run() async throws {
        // A reference: keys and values in full precision unless the user wants otherwise.
        let engine = try model.checkpoint().startEngine(engine.options(keyValueType: .f32, arithmetic: .exact))
        try await JSONLines.answer { line in
            let ids = try line.requiredIDs("input_ids")
            let steps = try line.count("greedy")
            let evaluation = try await engine.evaluate(ids, logitsAt: [ids.count - 1])
            var greedy: [Int] = []
            if steps > 0 {
                let request = GenerationRequest(prompt: ids, sampling: .greedy, maxTokens: steps)
                for try await event in engine.generate(request, in: try engine.makeContext()) {
                    if case .token(let token) = event { greedy.append(token.id) }
                }
            }
            return [
                "logits_last": .array((evaluation.logits.first ?? []).map(number)),
                "greedy": .array(greedy.map { .number(JSONNumber($0)) }),
                "nll": evaluation.negativeLogLikelihood.flatMap(JSONNumber.init).map(JSONValue.number) ?? .null,
            ]
        }
    }

    /// A float with as many digits as tell it from its neighbours.
    private func number(_ value: Float) -> JSONValue {
        JSONNumber(literal: "\(value)").map(JSONValue.number) ?? .null
    }
}
