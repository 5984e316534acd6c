/// How calls are written, and what may be called.
struct CallReading: Sendable {
    let format: ToolCallFormat
    let tools: [ToolDefinition]

    /// The declared tool of a name, which is compared byte by byte.
    func tool(named name: String) -> ToolDefinition? {
        tools.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    fileprivate func scanner() -> any CallScanner {
        switch format {
        case .hermes: HermesCallScanner()
        case .coder: CoderCallScanner(tools: tools)
        }
    }
}

/// What follows a `<tool_call>`: a call, a call that cannot be read, or text that only mentions the tag.
///
/// - What goes on as a call does (`{`, or `<function=` in Coder's form) is one.
/// - Otherwise it is an unreadable call where the tag stands at the beginning of a line and a newline follows, as the models
///   write it, or where `</tool_call>` follows in the same line. Else the tag is text, and what follows it too.
/// - `</tool_call>` ends the call unless it stands inside of a value: a string, or a parameter in Coder's form. If the
///   value then turns out to be broken, or the output ends inside of it, the first `</tool_call>` was the end after all,
///   and what came after it is read again.
/// - Another `<tool_call>` ends a call as well; the closing tag may also be missing at the end of the output.
struct CallAttempt: Sendable {
    enum Outcome {
        /// The call is not over.
        case goesOn
        /// There is no call here. The pieces are text, tags among them what they are; they begin with the opening tag's text.
        case isText([MarkupItem])
        /// The call is over and was given out. The pieces come after it.
        case isOver([MarkupItem])
    }

    private enum Phase {
        /// It is not known yet what follows the tag.
        case undecided
        /// Something else than a call follows, and the line is not at its end.
        case line
        /// A call is being read.
        case reading
    }

    /// Whether a newline before the tag belongs to it.
    let followsNewline: Bool
    private let startsLine: Bool
    private let calls: CallReading
    private var phase = Phase.undecided
    /// What came before the decision.
    private var lead = ""
    private var leadIsBlank = true

    private var scanner: any CallScanner
    private var isAnnounced = false
    /// Where the first `</tool_call>` stands that was taken for a part of a value, and what came after it.
    private var firstClosing: Int?
    private var afterClosing: [MarkupItem] = []

    init(_ calls: CallReading, followsNewline: Bool, startsLine: Bool) {
        self.calls = calls
        self.followsNewline = followsNewline
        self.startsLine = startsLine
        scanner = calls.scanner()
    }

    /// Takes the next piece.
    mutating func append(_ item: MarkupItem, to events: inout [OutputEvent]) -> Outcome {
        switch (phase, item) {
        case (.reading, _):
            return read(item, to: &events)
        case (.undecided, .text(let text)):
            lead += text
            if leadIsBlank, text.utf8.allSatisfy(isJSONSpace) { return .goesOn }
            leadIsBlank = false
            return decide(to: &events)
        case (.line, .text(let text)):
            lead += text
            return text.utf8.contains(UInt8(ascii: "\n")) ? .isText([opening]) : .goesOn
        case (_, .tag(.closeCall)) where startsLine:
            events.append(.malformedToolCall(raw: PythonText.strippingNewlines(lead)))
            return .isOver([])
        case (_, .tag):
            return .isText([opening, item])
        }
    }

    /// Ends the output.
    mutating func finish(to events: inout [OutputEvent]) -> Outcome {
        switch phase {
        case .undecided where startsLine:
            events.append(.malformedToolCall(raw: PythonText.strippingNewlines(lead)))
            return .isOver([])
        case .undecided, .line:
            return .isText([opening])
        case .reading:
            if scanner.state != .complete, let firstClosing { return goBack(to: firstClosing, &events) }
            giveOut(to: &events)
            return .isOver([])
        }
    }

    /// The tag and what came after it, as text.
    private var opening: MarkupItem { .text(Markup.openCall.rawValue + lead) }

    private mutating func decide(to events: inout [OutputEvent]) -> Outcome {
        let space = lead.utf8.prefix(while: isJSONSpace)
        let rest = lead.utf8.dropFirst(space.count)
        let expected = calls.format.opening.utf8
        if rest.starts(with: expected)
            || (startsLine && space.contains(UInt8(ascii: "\n")) && !expected.starts(with: rest))
        {
            phase = .reading
            return read(.text(lead), to: &events)
        }
        if expected.starts(with: rest) { return .goesOn }
        guard startsLine, !rest.contains(UInt8(ascii: "\n")) else { return .isText([opening]) }
        phase = .line
        return .goesOn
    }

    private mutating func read(_ item: MarkupItem, to events: inout [OutputEvent]) -> Outcome {
        let isClosing: Bool
        if case .tag(.closeCall) = item { isClosing = true } else { isClosing = false }
        if scanner.state != .inValue, case .tag(let tag) = item, tag == .closeCall || tag == .openCall {
            giveOut(to: &events)
            return .isOver(isClosing ? [] : [item])
        }
        if isClosing, firstClosing == nil {
            firstClosing = scanner.body.count
        } else if firstClosing != nil {
            afterClosing.append(item)
        }
        scanner.append(item.text)
        announce(to: &events)
        if scanner.state == .broken, let firstClosing { return goBack(to: firstClosing, &events) }
        return .goesOn
    }

    private mutating func announce(to events: inout [OutputEvent]) {
        if !isAnnounced, let name = scanner.name {
            isAnnounced = true
            events.append(.toolCallStarted(name: name))
        }
        guard isAnnounced else { return }
        let piece = scanner.takeArguments()
        if !piece.isEmpty { events.append(.toolCallDelta(piece)) }
    }

    private func giveOut(to events: inout [OutputEvent]) {
        guard let call = scanner.call() else {
            return events.append(.malformedToolCall(raw: raw(scanner.body[...])))
        }
        events.append(calls.tool(named: call.name) == nil ? .unknownTool(call) : .toolCall(call))
    }

    private func goBack(to closing: Int, _ events: inout [OutputEvent]) -> Outcome {
        events.append(.malformedToolCall(raw: raw(scanner.body[..<closing])))
        return .isOver(afterClosing)
    }

    private func raw(_ body: ArraySlice<UInt8>) -> String {
        PythonText.strippingNewlines(String(decoding: body, as: UTF8.self))
    }
}
