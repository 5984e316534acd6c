internal import QwenGrammar
import QwenModel
import QwenTokenizer

/// What a turn of the model is held to: an answer of a form, calls of the tools that there are, or either.
struct TurnConstraint: TokenConstraint {
    /// The form of the answer; nil for a free one.
    let answer: CompiledConstraint?
    /// The form of calls; nil where none can be made, or where they are not held to anything.
    let calls: CallConstraint?
    /// Whether the turn must consist of calls.
    let demandsCall: Bool
    let model: QwenLanguageModel
    /// What ends the model's turn.
    let stopTokens: Set<Int>

    var isOwed: Bool { answer != nil || demandsCall }

    /// The vocabulary takes a moment to arrange the first time: the engine's thread is the place for that.
    func vocabulary() -> TokenVocabulary { model.constraintVocabulary.value(model.tokenizer) }

    func begin() -> any ConstrainedText { ConstrainedTurn(self) }
}

/// What calls are held to.
struct CallConstraint: Sendable {
    /// What stands between `<tool_call>` and `</tool_call>`, or the beginning of it.
    let body: CompiledConstraint
    /// Whether the whole body is described, and not its beginning only.
    let isWhole: Bool
    let openingToken: Int
    let closingToken: Int
    /// The line break between two calls.
    let separator: Int
    /// The most calls where a turn consists of them.
    let maximum: Int
}

/// One turn, held to a ``TurnConstraint``.
private final class ConstrainedTurn: ConstrainedText {
    private enum Place {
        /// In prose. A `<tool_call>` at the beginning of a line begins a call; one within a line is prose.
        case prose(startsLine: Bool)
        /// In the answer, which begins here or has begun.
        case answer(ConstraintMatcher, hasBegun: Bool)
        /// Before a call that must come.
        case opening
        /// Within a call.
        case call(ConstraintMatcher)
        /// Within the part of a call that is free.
        case freeCall
        /// Behind a call's body.
        case closing
        /// Between two calls, or behind the last.
        case between
    }

    private let constraint: TurnConstraint
    private var place: Place
    private var callCount = 0
    /// Kept for the next call: it remembers what it worked out.
    private var callMatcher: ConstraintMatcher?

    init(_ constraint: TurnConstraint) {
        self.constraint = constraint
        if constraint.demandsCall {
            place = .opening
        } else if let answer = constraint.answer {
            place = .answer(ConstraintMatcher(answer, vocabulary: constraint.vocabulary()), hasBegun: false)
        } else {
            place = .prose(startsLine: true)
        }
    }

    var acceptsEnd: Bool {
        switch place {
        case .prose, .between: true
        case .answer(let matcher, _): matcher.acceptsEnd
        case .opening, .call, .freeCall, .closing: false
        }
    }

    var isComplete: Bool {
        switch place {
        case .answer(let matcher, _): matcher.isComplete
        case .between: callCount >= constraint.calls?.maximum ?? 0
        default: false
        }
    }

    func restrict(_ logits: UnsafeMutableBufferPointer<Float>) {
        switch place {
        case .prose:
            break
        case .answer(let matcher, let hasBegun):
            let opening = hasBegun ? nil : constraint.calls?.openingToken
            let logit = opening.flatMap { logits.indices.contains($0) ? logits[$0] : nil }
            matcher.allowedTokens().restrict(logits)
            if let opening, let logit { logits[opening] = logit }
        case .call(let matcher):
            matcher.allowedTokens().restrict(logits)
        case .freeCall:
            for token in constraint.stopTokens where logits.indices.contains(token) { logits[token] = -.infinity }
        case .opening: only(constraint.calls?.openingToken, logits)
        case .closing: only(constraint.calls?.closingToken, logits)
        case .between: only(constraint.calls?.separator, logits)
        }
    }

    private func only(_ token: Int?, _ logits: UnsafeMutableBufferPointer<Float>) {
        for index in logits.indices where index != token { logits[index] = -.infinity }
    }

    func accept(_ token: Int) -> Bool {
        switch place {
        case .prose(let startsLine):
            if startsLine, token == constraint.calls?.openingToken { return beginCall() }
            let text = (try? constraint.model.tokenizer.bytes(of: token)) ?? []
            place = .prose(startsLine: text.last == UInt8(ascii: "\n"))
            return true
        case .answer(let matcher, let hasBegun):
            if !hasBegun, token == constraint.calls?.openingToken { return beginCall() }
            guard matcher.accept(token) else { return false }
            place = .answer(matcher, hasBegun: true)
            return true
        case .opening:
            return token == constraint.calls?.openingToken && beginCall()
        case .call(let matcher):
            guard matcher.accept(token) else { return false }
            if matcher.isComplete { place = constraint.calls?.isWhole == true ? .closing : .freeCall }
            return true
        case .freeCall:
            if token == constraint.calls?.closingToken { endCall() }
            return true
        case .closing:
            guard token == constraint.calls?.closingToken else { return false }
            endCall()
            return true
        case .between:
            guard token == constraint.calls?.separator else { return false }
            place = .opening
            return true
        }
    }

    private func beginCall() -> Bool {
        guard let calls = constraint.calls else { return false }
        let matcher = callMatcher ?? ConstraintMatcher(calls.body, vocabulary: constraint.vocabulary())
        matcher.startAgain()
        callMatcher = matcher
        place = .call(matcher)
        return true
    }

    private func endCall() {
        callCount += 1
        place = constraint.isOwed ? .between : .prose(startsLine: false)
    }

    func forcedTokens() -> [Int] {
        switch place {
        case .answer(let matcher, let hasBegun):
            // A call may come in its place.
            hasBegun || constraint.calls == nil ? matcher.forcedTokens() : []
        case .call(let matcher): matcher.forcedTokens()
        case .opening: [constraint.calls?.openingToken].compactMap(\.self)
        case .closing: [constraint.calls?.closingToken].compactMap(\.self)
        case .prose, .freeCall, .between: []
        }
    }
}
