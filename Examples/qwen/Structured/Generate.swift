import ArgumentParser
import Qwen

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One answer of a given form.
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have a model answer in a given form.",
        discussion: """
            Prints the answer, which satisfies the JSON Schema, pattern or grammar, or is one of the choices, whatever the \
            model would like to write. With --jsonl every line {"prompt": "…", "schema": …} becomes {"text": "…", "finishReason": "stop", \
            "answerTokens": n, "tokensPerSecond": x}; without "schema" the answer is free.
            """
    )

    @OptionGroup var model: ModelOption

    @Option(help: ArgumentHelp("A file with a JSON Schema.", valueName: "file"))
    var schema: String?

    @Option(help: "A regular expression that the answer must match from end to end.")
    var regex: String?

    @Option(help: ArgumentHelp("A file with a grammar in extended Backus-Naur form.", valueName: "file"))
    var grammar: String?

    @Option(help: "A text that the answer may be; give several.")
    var choice: [String] = []

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @OptionGroup var answer: AnswerFlags
    @OptionGroup var engine: EngineFlags

    @Argument(help: "What to say; standard input if there is none.")
    var prompt: String?

    func validate() throws {
        if jsonl { return }
        guard [schema != nil, regex != nil, grammar != nil, !choice.isEmpty].count(where: \.self) == 1 else {
            throw ValidationError("Give one of --schema, --regex, --grammar and --choice.")
        }
    }

    private func answerLines() async throws {
        let model = try await model.load(answer.loading(engine.options()))
        try await JSONLines.answer { line in
            let session = ChatSession(model, options: answer.options)
            let prompt = try line.requiredText("prompt")
            let response: Response
            if let schema = line["schema"] {
                let constraint = Constraint.jsonSchema(schema)
                response = try await session.respond(
                    to: prompt,
                    constraint: constraint,
                    thinking: answer.thinking?.thinking
                )
            } else {
                response = try await session.respond(to: prompt, thinking: answer.thinking?.thinking)
            }
            return [
                "text": .string(response.text),
                "finishReason": .string(response.finishReason.rawValue),
                "answerTokens": .number(JSONNumber(response.usage.answerTokens)),
                "tokensPerSecond": response.usage.tokensPerSecond.flatMap { JSONNumber($0) }.map { .number($0) }
                    ?? .null,
            ]
        }
    }

    func run() async throws {
        if jsonl { return try await answerLines() }
        let constraint: Constraint
        if let schema {
            let data = try Data(contentsOf: URL(fileURLWithPath: schema))
            constraint = .jsonSchema(try JSONValue(parsing: Array(data)))
        } else if let grammar {
            let data = try Data(contentsOf: URL(fileURLWithPath: grammar))
            constraint = .grammar(String(decoding: data, as: UTF8.self))
        } else {
            constraint = regex.map { .regex($0) } ?? .choices(choice)
        }
        let session = ChatSession(
            try await model.load(answer.loading(engine.options())),
            options: answer.options
        )
        let prompt = try prompt ?? StandardInput.readText()
        let response = try await session.respond(
            to: prompt,
            constraint: constraint,
            thinking: answer.thinking?.thinking
        )
        try StandardOutput.write(response.text + "\n")
        guard response.finishReason == .stop else {
            StandardOutput.writeError("Error: the answer is not whole (\(response.finishReason.rawValue)).\n")
            throw ExitCode.failure
        }
    }
}
