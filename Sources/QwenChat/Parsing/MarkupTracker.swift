/// Decides what in an output is thinking, what is answer, and which newlines are markup.
///
/// It is fed with texts and tags and does not ask how they were told apart: by token id (``OutputParser``), or in text.
///
/// - The newline after `<think>`, the one before `</think>` and the blank line after it belong to the markup.
/// - An empty block gives no event.
/// - Thinking that is never closed stays thinking.
/// - A block opens before the answer only.
struct MarkupTracker {
    /// Where the next text belongs.
    private(set) var isThinking: Bool
    /// Newlines that still belong to the tag before them.
    private var newlinesToSkip: Int
    /// A newline that belongs to `</think>` if that comes next, else to the thinking.
    private var holdsNewline = false
    /// Whether the answer has begun; then no thinking block opens any more.
    private var hasAnswer = false

    /// - Parameters:
    ///   - isThinking: whether the prompt ended inside of a thinking block.
    ///   - newlinesToSkip: how many newlines may follow that belong to the prompt's markup.
    init(isThinking: Bool, newlinesToSkip: Int = 0) {
        self.isThinking = isThinking
        self.newlinesToSkip = newlinesToSkip
    }

    /// Takes a piece of text, of any length.
    mutating func append(_ text: String, to events: inout [OutputEvent]) {
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
        guard isThinking else {
            if !hasAnswer { hasAnswer = !rest.allSatisfy(PythonText.isSpace) }
            events.append(.text(String(rest)))
            return
        }
        var thought = holdsNewline ? "\n" : ""
        holdsNewline = rest.last == "\n"
        if holdsNewline { rest.removeLast() }
        thought.unicodeScalars.append(contentsOf: rest)
        if !thought.isEmpty { events.append(.thinking(thought)) }
    }

    /// Takes `<think>`. Inside of a thinking block, and after the answer has begun, it is text like any other.
    mutating func openThinking(_ tag: String, to events: inout [OutputEvent]) {
        guard !isThinking, !hasAnswer else { return append(tag, to: &events) }
        isThinking = true
        newlinesToSkip = 1
    }

    /// Takes `</think>`. Outside of a thinking block it is text like any other.
    mutating func closeThinking(_ tag: String, to events: inout [OutputEvent]) {
        guard isThinking else { return append(tag, to: &events) }
        isThinking = false
        holdsNewline = false
        newlinesToSkip = 2
    }

    /// Ends the output: what was held back is given out.
    mutating func finish(to events: inout [OutputEvent]) {
        guard holdsNewline else { return }
        holdsNewline = false
        events.append(.thinking("\n"))
    }
}
