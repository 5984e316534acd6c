/// Decides what in an output is thinking, answer or a call, and which newlines are markup.
///
/// It is fed with texts and tags and does not ask how they were told apart: by token id (``OutputParser``), or in text
/// (``TextOutputParser``).
///
/// - The newline after `<think>`, the one before `</think>` and the blank line after it belong to the markup, and so does a
///   newline before `<tool_call>`.
/// - An empty block gives no event.
/// - Thinking that is never closed stays thinking, and a call inside of it is a part of it.
/// - A block opens before the answer only.
/// - A `<tool_call>` that begins no call is text; ``CallAttempt`` decides that.
struct MarkupTracker {
    /// Where the next text belongs.
    private(set) var isThinking: Bool
    /// Newlines that still belong to the tag before them.
    private var newlinesToSkip = 0
    /// A newline that belongs to `</think>` or `<tool_call>` if that comes next, else to the text.
    private var holdsNewline = false
    /// Whether something was thought; before that another `<think>` opens the block that is open already.
    private var hasThought = false
    /// Whether the answer has begun; then no thinking block opens any more.
    private var hasAnswer = false
    /// Whether nothing but space stands in the answer's line so far.
    private var lineIsBlank = true
    /// The call that is being read.
    private var attempt: CallAttempt?
    private let calls: CallReading?

    /// - Parameters:
    ///   - isThinking: whether the prompt ended inside of a thinking block.
    ///   - calls: how calls are written and what may be called; `nil` where there are no calls.
    init(isThinking: Bool, calls: CallReading? = nil) {
        self.isThinking = isThinking
        self.calls = calls
    }

    /// Whether a call is being read.
    var isInCall: Bool { attempt != nil }

    /// Takes the next piece.
    mutating func append(_ item: MarkupItem, to events: inout [OutputEvent]) {
        var waiting = step(item, to: &events)
        waiting.reverse()
        while let item = waiting.popLast() {
            waiting.append(contentsOf: step(item, to: &events).reversed())
        }
    }

    /// Ends the output: what was held back is given out.
    mutating func finish(to events: inout [OutputEvent]) {
        while var attempt {
            self.attempt = nil
            let outcome = attempt.finish(to: &events)
            for item in settle(outcome, of: attempt) { append(item, to: &events) }
        }
        guard holdsNewline else { return }
        holdsNewline = false
        events.append(isThinking ? .thinking("\n") : .text("\n"))
    }

    /// Takes a piece.
    ///
    /// - Returns: pieces that have to be taken again, because they are no part of the call that they seemed to belong to.
    private mutating func step(_ item: MarkupItem, to events: inout [OutputEvent]) -> [MarkupItem] {
        if var attempt {
            // Taken out while it changes, so that its bytes are not copied.
            self.attempt = nil
            let outcome = attempt.append(item, to: &events)
            return settle(outcome, of: attempt)
        }
        switch item {
        case .text(let text): appendText(text, to: &events)
        case .tag(let tag): take(tag, to: &events)
        }
        return []
    }

    private mutating func settle(_ outcome: CallAttempt.Outcome, of attempt: CallAttempt) -> [MarkupItem] {
        switch outcome {
        case .goesOn:
            self.attempt = attempt
            return []
        case .isText(let rest):
            holdsNewline = attempt.followsNewline
            return rest
        case .isOver(let rest):
            lineIsBlank = true
            return rest
        }
    }

    private mutating func take(_ tag: Markup, to events: inout [OutputEvent]) {
        switch tag {
        case .openThinking where isThinking && !hasThought && !holdsNewline:
            newlinesToSkip = 1
        case .openThinking where !isThinking && !hasAnswer:
            isThinking = true
            holdsNewline = false
            newlinesToSkip = 1
        case .closeThinking where isThinking:
            isThinking = false
            holdsNewline = false
            newlinesToSkip = 2
        case .openCall where !isThinking:
            guard let calls else { return appendText(tag.rawValue, to: &events) }
            attempt = CallAttempt(calls, followsNewline: holdsNewline, startsLine: lineIsBlank)
            holdsNewline = false
            newlinesToSkip = 0
            hasAnswer = true
        default:
            appendText(tag.rawValue, to: &events)
        }
    }

    private mutating func appendText(_ text: String, to events: inout [OutputEvent]) {
        var rest = Substring(text).unicodeScalars
        while newlinesToSkip > 0, let scalar = rest.first {
            guard scalar == "\n" else {
                newlinesToSkip = 0
                break
            }
            rest.removeFirst()
            newlinesToSkip -= 1
        }
        guard !rest.isEmpty else { return }
        if !isThinking { noteAnswer(rest) }
        var piece = holdsNewline ? "\n" : ""
        holdsNewline = (isThinking || calls != nil) && rest.last == "\n"
        if holdsNewline { rest.removeLast() }
        piece.unicodeScalars.append(contentsOf: rest)
        guard !piece.isEmpty else { return }
        if isThinking { hasThought = true }
        events.append(isThinking ? .thinking(piece) : .text(piece))
    }

    private mutating func noteAnswer(_ text: Substring.UnicodeScalarView) {
        for scalar in text.reversed() {
            if scalar == "\n" {
                lineIsBlank = true
                break
            }
            if !PythonText.isSpace(scalar) {
                lineIsBlank = false
                break
            }
        }
        if !hasAnswer { hasAnswer = !text.allSatisfy(PythonText.isSpace) }
    }
}
