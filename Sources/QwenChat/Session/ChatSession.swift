internal import QwenGrammar
import QwenModel
import QwenTokenizer
import Synchronization

/// A conversation with a model.
///
/// ```swift
/// let session = ChatSession(model, instructions: "Answer briefly.")
/// let reply = try await session.respond(to: "Is 1009 prime?", thinking: .on)
/// print(reply.thinking ?? "", reply.text, reply.usage.cachedTokens)
/// ```
///
/// With tools, the model may call them before it answers; the session runs the calls and goes on until there is an answer.
///
/// A session answers one request at a time; a second one meanwhile throws ``SessionError/alreadyResponding``. A request that
/// is cancelled or fails, or whose stream is dropped before ``ResponseStream/Event/finished(_:)``, leaves the transcript as
/// it was.
///
/// Between turns the session keeps the KV cache, so that a turn computes only what is new; ``Usage/cachedTokens`` tells how
/// much that saved. Whatever is said in the conversation is encoded as text and never as a control token.
public final class ChatSession: Sendable {
    /// What one request asks for.
    struct Request: Sendable {
        /// The new message; `nil` to answer the transcript as it stands.
        let prompt: String?
        let thinking: Thinking?
        let options: GenerationOptions
        /// What the answer is held to; `nil` for a free one.
        var constraint: CompiledConstraint?
        let answerNow = AnswerNowSignal()
    }

    private struct State {
        var transcript: Transcript
        var isResponding = false
        var context: InferenceContext?
    }

    /// The model that answers.
    public let model: QwenLanguageModel
    /// What requests use that bring no options of their own.
    public let options: GenerationOptions

    /// Decides for requests with ``Thinking/automatic``.
    public let router: any ThinkingRouter
    /// What happens when the conversation no longer fits.
    public let contextPolicy: ContextPolicy

    /// What the model may call.
    public let tools: [any Tool]
    /// What the tools may do.
    public let toolPolicy: ToolPolicy

    private let toolBox: Result<ToolBox, ToolCallingError>
    let callConstraints = CallConstraints()
    let contextLength: Int?
    private let state: Mutex<State>

    /// Begins a conversation.
    ///
    /// - Parameters:
    ///   - model: the model that answers.
    ///   - instructions: rules for the conversation, its system message.
    ///   - tools: what the model may call; their names differ, or every request throws ``ToolCallingError``.
    ///   - toolPolicy: what the tools may do.
    ///   - options: what requests use that bring no options of their own.
    ///   - router: decides for requests with ``Thinking/automatic``.
    ///   - contextPolicy: what happens when the conversation no longer fits.
    ///   - contextLength: the most tokens that the conversation may have, answers included; `nil` for the model's maximum.
    public convenience init(
        _ model: QwenLanguageModel,
        instructions: String? = nil,
        tools: [any Tool] = [],
        toolPolicy: ToolPolicy = ToolPolicy(),
        options: GenerationOptions = GenerationOptions(),
        router: any ThinkingRouter = DefaultThinkingRouter(),
        contextPolicy: ContextPolicy = .error,
        contextLength: Int? = nil
    ) {
        self.init(
            model,
            transcript: Transcript(instructions.map { [.system($0)] } ?? []),
            tools: tools,
            toolPolicy: toolPolicy,
            options: options,
            router: router,
            contextPolicy: contextPolicy,
            contextLength: contextLength
        )
    }

    /// Goes on with a conversation.
    ///
    /// - Parameters:
    ///   - model: the model that answers.
    ///   - transcript: the conversation so far.
    ///   - tools: what the model may call; their names differ, or every request throws ``ToolCallingError``.
    ///   - toolPolicy: what the tools may do.
    ///   - options: what requests use that bring no options of their own.
    ///   - router: decides for requests with ``Thinking/automatic``.
    ///   - contextPolicy: what happens when the conversation no longer fits.
    ///   - contextLength: the most tokens that the conversation may have, answers included; `nil` for the model's maximum.
    public init(
        _ model: QwenLanguageModel,
        transcript: Transcript,
        tools: [any Tool] = [],
        toolPolicy: ToolPolicy = ToolPolicy(),
        options: GenerationOptions = GenerationOptions(),
        router: any ThinkingRouter = DefaultThinkingRouter(),
        contextPolicy: ContextPolicy = .error,
        contextLength: Int? = nil
    ) {
        self.model = model
        self.tools = tools
        self.toolPolicy = toolPolicy
        toolBox = Result { () throws(ToolCallingError) in try ToolBox(tools, policy: toolPolicy) }
        self.options = options
        self.router = router
        self.contextPolicy = contextPolicy
        self.contextLength = contextLength
        state = Mutex(State(transcript: transcript))
    }

    /// The conversation so far; a request's turns come in when it finishes.
    public var transcript: Transcript {
        state.withLock { $0.transcript }
    }

    /// Whether a request is being answered.
    public var isResponding: Bool {
        state.withLock { $0.isResponding }
    }

    /// The system message at the beginning of the conversation, if there is one.
    public var instructions: String? {
        state.withLock { $0.transcript.first.flatMap { $0.role == .system ? $0.text : nil } }
    }

    // MARK: Answers

    /// Says something and waits for the answer; tools that the model calls are run meanwhile.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the answer.
    /// - Throws: ``SessionError``, `ChatTemplateError`, `EngineError`, `SamplingError` or `CancellationError`.
    public func respond(
        to prompt: String,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) async throws -> Response {
        try await collect(streamResponse(to: prompt, thinking: thinking, options: options))
    }

    /// Waits for an answer to the transcript as it stands, without a new message.
    ///
    /// - Parameters:
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the answer.
    /// - Throws: ``SessionError``, `ChatTemplateError`, `EngineError`, `SamplingError` or `CancellationError`.
    public func respond(thinking: Thinking? = nil, options: GenerationOptions? = nil) async throws -> Response {
        try await collect(streamResponse(thinking: thinking, options: options))
    }

    /// Says something and gives the answer as it comes.
    ///
    /// Nothing happens before the stream is iterated; leaving the iteration stops the generation.
    ///
    /// - Parameters:
    ///   - prompt: what the user says.
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the events of the answer.
    public func streamResponse(
        to prompt: String,
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) -> ResponseStream {
        let request = Request(prompt: prompt, thinking: thinking, options: options ?? self.options)
        return ResponseStream(session: self, request: request)
    }

    /// Gives an answer to the transcript as it stands, as it comes.
    ///
    /// Nothing happens before the stream is iterated; leaving the iteration stops the generation.
    ///
    /// - Parameters:
    ///   - thinking: whether the model thinks before it answers; `nil` for what the model does by itself.
    ///   - options: how to generate; `nil` for the session's.
    /// - Returns: the events of the answer.
    public func streamResponse(
        thinking: Thinking? = nil,
        options: GenerationOptions? = nil
    ) -> ResponseStream {
        let request = Request(prompt: nil, thinking: thinking, options: options ?? self.options)
        return ResponseStream(session: self, request: request)
    }

    private func collect(_ stream: ResponseStream) async throws -> Response {
        var iterator = stream.makeAsyncIterator()
        while let event = try await iterator.next(isolation: nil) {
            if case .finished(let response) = event { return response }
        }
        throw CancellationError()
    }

    /// Computes the conversation so far in advance, so that the next answer begins sooner.
    ///
    /// - Throws: ``SessionError``, `ChatTemplateError`, `EngineError` or `CancellationError`.
    public func prewarm() async throws {
        try claim()
        defer { release() }
        let context = try makeContext()
        let messages = transcript.messages
        guard !messages.isEmpty else { return }
        let tools = try tools(for: options.toolChoice)?.definitions ?? []
        let prompt = try model.template.render(messages, tools: tools, addsGenerationPrompt: false)
        let ids = model.tokenizer.encode(segments: prompt.segments)
        guard !ids.isEmpty else { return }
        guard ids.count < context.capacity else {
            throw SessionError.contextFull(promptTokens: ids.count, contextTokens: context.capacity)
        }
        let request = GenerationRequest(prompt: ids, maxTokens: 1)
        for try await event in model.engine.generate(request, in: context) {
            if case .prefillProgress(let done, let total) = event, done == total { return }
        }
        try Task.checkCancellation()
    }

    // MARK: What a run needs

    func claim() throws(SessionError) {
        let wasFree = state.withLock { state in
            defer { state.isResponding = true }
            return !state.isResponding
        }
        if !wasFree { throw .alreadyResponding }
    }

    func release() {
        state.withLock { $0.isResponding = false }
    }

    /// The tools that a request may call; `nil` for none.
    func tools(for choice: ToolChoice) throws(ToolCallingError) -> ToolBox? {
        let tools = try toolBox.get()
        switch choice {
        case .none: return nil
        case .auto: return tools
        case .required:
            if tools.definitions.isEmpty { throw .noTools }
            return tools
        case .named(let name):
            guard tools.definitions.contains(where: { $0.name == name }) else { throw .unknownChoice(name) }
            return tools
        }
    }

    /// Puts another transcript in place of this one; the caller holds the claim.
    func replaceTranscript(with transcript: Transcript) {
        state.withLock { $0.transcript = transcript }
    }

    /// Adds a request's turns to the transcript.
    func commit(_ request: Request, _ response: Response) {
        state.withLock { state in
            if let prompt = request.prompt { state.transcript.messages.append(.user(prompt)) }
            state.transcript.messages += response.messages
        }
    }

    /// Makes a context the conversation's KV cache.
    func adopt(_ context: InferenceContext) {
        state.withLock { $0.context = context }
    }

    /// The conversation's KV cache, made when it is first needed.
    func makeContext() throws -> InferenceContext {
        try state.withLock { state in
            if let context = state.context { return context }
            let context = try model.engine.makeContext(capacity: contextLength)
            state.context = context
            return context
        }
    }
}
