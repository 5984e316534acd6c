public import QwenModel

/// How an answer is generated. What is left `nil` is decided for the request; see ``GenerationDefaults``.
public struct GenerationOptions: Sendable, Hashable {
    /// The most tokens to generate in each turn of the model: thinking, the sentence that ends it early, and the answer together.
    public var maxTokens: Int?
    /// How many of those tokens are kept for the answer: thinking is ended early, as by ``Thinking/budget(_:)``, so that they
    /// remain.
    ///
    /// `nil` keeps a quarter of what can be generated, 512 tokens at most, where the request has a budget, and nothing where
    /// it has ``Thinking/on``. What can be generated is ``maxTokens`` or what the context still holds, whichever is less.
    public var answerReserve: Int?
    /// What counts as thinking in circles; such thinking is ended like one whose budget is spent. `nil` does not look.
    public var thinkingLoops: LoopDetection?
    /// Whether `/think` and `/no_think` in the conversation have a say.
    public var softSwitches: SoftSwitch.Handling
    /// Whether the answer may, must not or must begin with a call of a tool.
    public var toolChoice: ToolChoice
    /// Divides the logits: 0 takes the likeliest token always, 1 leaves the model's distribution as it is.
    public var temperature: Double?
    /// Only this many of the likeliest tokens take part; 0 means all.
    public var topK: Int?
    /// Only the likeliest tokens take part whose probabilities together reach this; 1 means all.
    public var topP: Double?
    /// Only tokens take part that are at least this fraction as likely as the likeliest; 0 means all.
    public var minP: Double?
    /// Logits of tokens seen before are divided by this if positive, else multiplied; 1 means none.
    public var repetitionPenalty: Double?
    /// Subtracted from the logits of tokens generated before; 0 means none.
    public var presencePenalty: Double?
    /// Subtracted from the logits of tokens, times how often they were generated before; 0 means none.
    public var frequencyPenalty: Double?
    /// Added to the logits of single tokens, by token id.
    public var logitBias: [Int: Float]
    /// Makes a run repeatable; `nil` draws a seed.
    public var seed: UInt64?
    /// How many of the likeliest tokens to report at each step, with the log-probability of the chosen one; `nil` reports none
    /// at all, 0 the chosen one only.
    public var logProbabilities: Int?
    /// Token ids that end the answer, besides the model's own.
    public var stopTokens: Set<Int>
    /// How tokens are guessed ahead; `nil` for one token at a time. It changes the speed and never the answer.
    public var speculation: Speculation?

    /// Creates options; what is left out is decided for the request.
    ///
    /// - Parameters:
    ///   - maxTokens: the most tokens to generate, thinking included.
    ///   - answerReserve: how many of those are kept for the answer.
    ///   - thinkingLoops: what counts as thinking in circles, and ends the thinking.
    ///   - softSwitches: whether `/think` and `/no_think` in the conversation have a say.
    ///   - toolChoice: whether the answer may, must not or must begin with a call.
    ///   - temperature: 0 takes the likeliest token always.
    ///   - topK: how many of the likeliest tokens take part; 0 means all.
    ///   - topP: the probability that the tokens taking part must reach together; 1 means all.
    ///   - minP: the least probability of a token taking part, as a fraction of the greatest; 0 means all.
    ///   - repetitionPenalty: 1 means none.
    ///   - presencePenalty: 0 means none.
    ///   - frequencyPenalty: 0 means none.
    ///   - logitBias: added to the logits of single tokens.
    ///   - seed: makes a run repeatable.
    ///   - logProbabilities: how many of the likeliest tokens to report at each step.
    ///   - stopTokens: token ids that end the answer, besides the model's own.
    ///   - speculation: how tokens are guessed ahead.
    public init(
        maxTokens: Int? = nil,
        answerReserve: Int? = nil,
        thinkingLoops: LoopDetection? = nil,
        softSwitches: SoftSwitch.Handling = .heeded,
        toolChoice: ToolChoice = .auto,
        temperature: Double? = nil,
        topK: Int? = nil,
        topP: Double? = nil,
        minP: Double? = nil,
        repetitionPenalty: Double? = nil,
        presencePenalty: Double? = nil,
        frequencyPenalty: Double? = nil,
        logitBias: [Int: Float] = [:],
        seed: UInt64? = nil,
        logProbabilities: Int? = nil,
        stopTokens: Set<Int> = [],
        speculation: Speculation? = .automatic
    ) {
        self.maxTokens = maxTokens
        self.answerReserve = answerReserve
        self.thinkingLoops = thinkingLoops
        self.softSwitches = softSwitches
        self.toolChoice = toolChoice
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logitBias = logitBias
        self.seed = seed
        self.logProbabilities = logProbabilities
        self.stopTokens = stopTokens
        self.speculation = speculation
    }

    /// Always the likeliest token, no penalties: what the reference calls greedy decoding.
    ///
    /// Qwen advises against it for thinking: the model falls into loops.
    public static let greedy = GenerationOptions(temperature: 0)

    /// The most tokens that are kept for the answer where the request has a budget and says nothing.
    static let largestDefaultReserve = 512
}
