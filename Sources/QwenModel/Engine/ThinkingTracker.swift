/// Follows a generation through its thinking block, token by token, and says when to close it.
struct ThinkingTracker {
    /// Where in an output the next token stands.
    enum Phase {
        /// Before the first token: it decides whether there is a thinking block.
        case before
        /// Inside of the block.
        case inside
        /// In the answer.
        case over
    }

    /// Where the next token stands.
    private(set) var phase: Phase

    private let control: ThinkingControl
    private var detector: RepetitionDetector?
    private var count = 0
    private var closure: ThinkingEnd?

    init(_ control: ThinkingControl) {
        self.control = control
        phase = control.isOpen ? .inside : .before
        detector = control.loops.map(RepetitionDetector.init)
    }

    /// What ended the thinking; `nil` if there was none.
    var end: ThinkingEnd? {
        phase == .inside ? .unfinished : closure
    }

    /// The token that would open a thinking block next; `nil` where none can.
    var openingToken: Int? { phase == .before ? control.openingToken : nil }

    /// What stands between a block that the model closed itself and the answer.
    var separator: [Int] {
        control.closingTokens.lastIndex(of: control.closingToken).map { Array(control.closingTokens[($0 + 1)...]) }
            ?? []
    }

    /// Takes a token that the model chose.
    mutating func accept(_ token: Int) {
        count += 1
        switch phase {
        case .before:
            phase = token == control.openingToken ? .inside : .over
        case .inside where token == control.closingToken:
            phase = .over
            closure = .model
        case .inside:
            detector?.append(token)
        case .over:
            break
        }
    }

    /// Closes the thinking, if it is time.
    ///
    /// - Returns: the tokens that come next then, and which the model does not choose.
    /// - Complexity: O(1).
    mutating func closeIfDue() -> [Int]? {
        guard phase != .over, let reason = reasonToClose else { return nil }
        let tokens = phase == .before ? control.emptyBlock : control.closingTokens
        phase = .over
        closure = reason
        return tokens
    }

    private var reasonToClose: ThinkingEnd? {
        if let signal = control.answerNow, signal.isRaised { return .answerNow }
        if let budget = control.budget, count >= budget { return .budget }
        if let detector, detector.isInLoop { return .loop }
        return nil
    }
}
