import ArgumentParser
import Qwen

/// Talking to a model.
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a model.",
        discussion: """
            With a prompt, given or on standard input, prints one answer; else, on a terminal, holds a conversation. \
            Ctrl-C stops an answer; at the prompt it leaves, as Ctrl-D does. Thinking is shown dimmed on a terminal and left \
            out elsewhere. In a conversation the first Ctrl-C while the model thinks makes it answer with what it has; a \
            line /think or /no_think switches thinking on or off from then on, and in a message for a hybrid model, as it \
            was trained.
            """
    )

    @OptionGroup var model: ModelOption

    @OptionGroup var answer: AnswerFlags

    @Option(help: "The most tokens of thinking; then the model answers with what it has.")
    var budget: Int?

    @Option(help: "Rules for the conversation: its system message.")
    var system: String?

    @OptionGroup var engine: EngineFlags

    @Flag(help: "Let the model call a calculator and a clock.")
    var tools = false

    @Flag(help: "Print one answer as a JSON object with text, thinking, usage and the reason for its end.")
    var json = false

    @Argument(help: "What to say; standard input if it is no terminal.")
    var prompt: String?

    func run() async throws {
        let isConversation = prompt == nil && StandardInput.isTerminal
        if budget != nil, let mode = answer.thinking, mode.thinking != .on {
            throw ValidationError("--budget needs thinking.")
        }
        if isConversation && json { throw ValidationError("--json needs a prompt.") }
        let said = isConversation ? nil : try prompt ?? StandardInput.readText()

        let session = ChatSession(
            try await model.load(answer.loading(engine.options())),
            instructions: system,
            tools: tools ? DemonstrationTools.all : [],
            options: answer.options
        )
        let talk = Talk(session: session, thinking: budget.map(Thinking.budget) ?? answer.thinking?.thinking)
        if let said {
            json ? try await talk.printJSON(said) : try await talk.printAnswer(said)
        } else {
            try await talk.converse()
        }
    }
}
