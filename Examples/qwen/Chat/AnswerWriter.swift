#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes an answer to standard output as it comes.
struct AnswerWriter {
    private enum Part {
        case nothing
        case thinking
        case text
    }

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let hasStyles = AnswerWriter.hasStyles(STDOUT_FILENO)
    private var part = Part.nothing
    private var endsLine = true

    /// Whether a descriptor is a terminal whose user has not asked for plain text (no-color.org).
    private static func hasStyles(_ descriptor: Int32) -> Bool {
        guard isatty(descriptor) == 1 else { return false }
        if let wish = getenv("NO_COLOR"), wish.pointee != 0 { return false }
        guard let terminal = getenv("TERM") else { return false }
        return strcmp(terminal, "dumb") != 0
    }

    /// A text that stands back from the rest, where the terminal can show that.
    static func dimmed(_ text: String, isError: Bool = false) -> String {
        hasStyles(isError ? STDERR_FILENO : STDOUT_FILENO) ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }

    /// Writes more of the thinking; only a person gets to see it.
    mutating func writeThinking(_ text: String) throws {
        guard isTerminal else { return }
        if part != .thinking {
            part = .thinking
            try StandardOutput.write(hasStyles ? "\u{1B}[2m" : "(thinking)\n")
        }
        try write(text)
    }

    /// Writes more of the answer.
    mutating func writeText(_ text: String) throws {
        if part == .thinking { try endThinking() }
        part = .text
        try write(text)
    }

    /// Writes what a tool was asked for or gave, on a line of its own; only a person gets to see it.
    mutating func writeNote(_ text: String) throws {
        guard isTerminal else { return }
        if part == .thinking { try endThinking() }
        part = .nothing
        if !endsLine { try write("\n") }
        try StandardOutput.write(Self.dimmed("[\(harmless(text))]") + "\n")
    }

    /// Ends the last line.
    mutating func finish() throws {
        if part == .thinking { try endThinking() }
        if !endsLine { try write("\n") }
    }

    /// Leaves the terminal as it was, also after an answer that was stopped.
    mutating func restoreTerminal() {
        guard part == .thinking, hasStyles else { return }
        try? StandardOutput.write("\u{1B}[0m")
    }

    private mutating func endThinking() throws {
        try StandardOutput.write(hasStyles ? "\u{1B}[0m" : "")
        try write(endsLine ? "\n" : "\n\n")
        if !hasStyles { try write("(answer)\n") }
        part = .nothing
    }

    private mutating func write(_ text: String) throws {
        guard let last = text.unicodeScalars.last else { return }
        endsLine = last == "\n"
        try StandardOutput.write(isTerminal ? harmless(text) : text)
    }

    /// The text without what a terminal would take for a command: a model can be made to say anything.
    private func harmless(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
            scalars.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }
}
