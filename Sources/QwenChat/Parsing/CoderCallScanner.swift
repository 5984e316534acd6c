import QwenJSON

/// Reads Qwen3-Coder's form of a call:
///
/// ```
/// <function=f>
/// <parameter=k>
/// v
/// </parameter>
/// </function>
/// ```
///
/// A value ends at a `</parameter>` that is followed by the next parameter or by the function's end; any other is a part of
/// the value. One newline on each side of a value belongs to the markup.
struct CoderCallScanner: CallScanner {
    private enum Place {
        case beforeFunction
        case functionName
        case betweenParameters
        case parameterName
        case value
        case afterFunction
        case broken
    }

    /// Whether a token stands at a place, as far as the text goes.
    private enum Match {
        case yes
        case no
        case tooShort
    }

    private(set) var body: [UInt8] = []
    private(set) var name: String?

    private let tools: [ToolDefinition]
    private var place = Place.beforeFunction
    /// Where to read on.
    private var cursor = 0
    private var valueStart = 0
    private var key = ""
    private var schema: ToolSchema?
    private var arguments = JSONObject()
    /// The arguments' JSON text that was not taken yet.
    private var argumentText = ""

    init(tools: [ToolDefinition]) {
        self.tools = tools
    }

    var state: CallScannerState {
        switch place {
        case .beforeFunction, .functionName, .betweenParameters, .parameterName: .open
        case .value: .inValue
        case .afterFunction: .complete
        case .broken: .broken
        }
    }

    mutating func append(_ text: String) {
        body.append(contentsOf: text.utf8)
        while advance() {}
    }

    mutating func takeArguments() -> String {
        defer { argumentText = "" }
        return argumentText
    }

    func call() -> ToolCall? {
        guard case .afterFunction = place, let name else { return nil }
        return ToolCall(name: name, arguments: .object(arguments))
    }

    /// Reads one step on.
    ///
    /// - Returns: whether there may be another.
    private mutating func advance() -> Bool {
        switch place {
        case .beforeFunction:
            guard skipSpace() else { return false }
            return take(Self.functionOpening, then: .functionName) ?? fail()
        case .functionName:
            guard let name = takeName() else { return false }
            self.name = name
            schema = tools.first { $0.name.utf8.elementsEqual(name.utf8) }.map(ToolSchema.init)
            place = .betweenParameters
            return true
        case .betweenParameters:
            guard skipSpace() else { return false }
            if let goesOn = take(Self.parameterOpening, then: .parameterName) { return goesOn }
            guard let goesOn = take(Self.functionClosing, then: .afterFunction) else { return fail() }
            if goesOn { argumentText += arguments.isEmpty ? "{}" : "}" }
            return goesOn
        case .parameterName:
            guard let key = takeName() else { return false }
            guard arguments[key] == nil else { return fail() }
            self.key = key
            valueStart = cursor
            place = .value
            return true
        case .value:
            return advanceInValue()
        case .afterFunction:
            return skipSpace() ? fail() : false
        case .broken:
            return false
        }
    }

    private mutating func advanceInValue() -> Bool {
        while cursor < body.count {
            guard body[cursor] == UInt8(ascii: "<") else {
                cursor += 1
                continue
            }
            switch match(Self.parameterClosing, at: cursor) {
            case .tooShort: return false
            case .no: cursor += 1
            case .yes:
                var next = cursor + Self.parameterClosing.count
                while next < body.count, isJSONSpace(body[next]) { next += 1 }
                switch (match(Self.parameterOpening, at: next), match(Self.functionClosing, at: next)) {
                case (.yes, _), (_, .yes):
                    endValue()
                    cursor = next
                    place = .betweenParameters
                    return true
                case (.tooShort, _), (_, .tooShort): return false
                case (.no, .no): cursor += 1
                }
            }
        }
        return false
    }

    private mutating func endValue() {
        var value = body[valueStart..<cursor]
        if value.first == UInt8(ascii: "\n") { value.removeFirst() }
        if value.last == UInt8(ascii: "\n") { value.removeLast() }
        let text = String(decoding: value, as: UTF8.self)
        let typed = schema?.value(of: text, forParameter: key) ?? .string(text)
        argumentText +=
            (arguments.isEmpty ? "{" : ", ") + JSONValue.string(key).serialized() + ": " + typed.serialized()
        arguments[key] = typed
    }

    /// Moves to the next byte that is no space.
    ///
    /// - Returns: whether there is one.
    private mutating func skipSpace() -> Bool {
        while cursor < body.count, isJSONSpace(body[cursor]) { cursor += 1 }
        return cursor < body.count
    }

    /// Moves behind a token, if it stands here.
    ///
    /// - Returns: whether it does; `nil` if something else stands here, false while that is unknown.
    private mutating func take(_ token: [UInt8], then next: Place) -> Bool? {
        switch match(token, at: cursor) {
        case .no: return nil
        case .tooShort: return false
        case .yes:
            cursor += token.count
            place = next
            return true
        }
    }

    /// Moves behind a name and the `>` after it; a name is in one line and has no angle brackets.
    private mutating func takeName() -> String? {
        var end = cursor
        while end < body.count {
            switch body[end] {
            case UInt8(ascii: ">") where end > cursor:
                defer { cursor = end + 1 }
                return String(decoding: body[cursor..<end], as: UTF8.self)
            case UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "\n"):
                _ = fail()
                return nil
            default: end += 1
            }
        }
        return nil
    }

    private mutating func fail() -> Bool {
        place = .broken
        return false
    }

    private func match(_ token: [UInt8], at start: Int) -> Match {
        let there = body[min(start, body.count)...].prefix(token.count)
        if there.elementsEqual(token) { return .yes }
        return token.starts(with: there) ? .tooShort : .no
    }

    private static let functionOpening = Array("<function=".utf8)
    private static let functionClosing = Array("</function>".utf8)
    private static let parameterOpening = Array("<parameter=".utf8)
    private static let parameterClosing = Array("</parameter>".utf8)
}
