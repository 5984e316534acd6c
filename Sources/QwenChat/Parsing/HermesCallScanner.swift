import QwenJSON

/// Reads `{"name": …, "arguments": {…}}`, checking the grammar of JSON byte by byte.
struct HermesCallScanner: CallScanner {
    private enum Expectation {
        case start
        case value
        case firstElement
        case key
        case firstKey
        case colon
        case comma
        case nothing
    }

    private enum Place {
        case between
        case string(isKey: Bool)
        case escape(isKey: Bool)
        case unicodeEscape(isKey: Bool, digits: Int)
        case literal
    }

    /// A member of the outermost object.
    private enum Member {
        case name
        case arguments
        case other
    }

    private(set) var body: [UInt8] = []
    private(set) var name: String?

    private var isBroken = false
    private var expectation = Expectation.start
    private var place = Place.between
    /// For every open container, whether it is an object.
    private var isObject: [Bool] = []
    /// Where the string or literal began that is being read or was read last.
    private var valueStart = 0
    private var member = Member.other
    private var argumentsStart: Int?
    private var argumentsEnd: Int?
    private var taken = 0

    var state: CallScannerState {
        if isBroken { return .broken }
        if case .nothing = expectation { return .complete }
        switch place {
        case .between, .literal: return .open
        case .string, .escape, .unicodeEscape: return .inValue
        }
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 {
            if !isBroken {
                step(byte, at: body.count)
                // What comes after the mistake is no argument, however the text is cut.
                if isBroken { argumentsEnd = argumentsEnd ?? body.count }
            }
            body.append(byte)
        }
    }

    mutating func takeArguments() -> String {
        guard let argumentsStart else { return "" }
        let start = max(taken, argumentsStart)
        let end = argumentsEnd ?? body.count
        guard start < end else { return "" }
        taken = end
        return String(decoding: body[start..<end], as: UTF8.self)
    }

    func call() -> ToolCall? {
        guard let object = (try? JSONValue(parsing: body))?.object, let name = object["name"]?.string else {
            return nil
        }
        switch object["arguments"] {
        case .object(let arguments)?:
            return ToolCall(name: name, arguments: .object(arguments))
        case nil, .null?:
            return ToolCall(name: name, arguments: [:])
        case .string(let text)?:
            // Some models write the arguments as a string that holds the object.
            guard let arguments = try? JSONValue(parsing: text), arguments.object != nil else { return nil }
            return ToolCall(name: name, arguments: arguments)
        default:
            return nil
        }
    }

    // MARK: The grammar

    private mutating func step(_ byte: UInt8, at index: Int) {
        switch place {
        case .between:
            if !isJSONSpace(byte) { stepBetween(byte, at: index) }
        case .string(let isKey):
            switch byte {
            case UInt8(ascii: "\""): endString(isKey: isKey, at: index)
            case UInt8(ascii: "\\"): place = .escape(isKey: isKey)
            case ..<0x20: isBroken = true
            default: break
            }
        case .escape(let isKey):
            switch byte {
            case UInt8(ascii: "u"): place = .unicodeEscape(isKey: isKey, digits: 0)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                place = .string(isKey: isKey)
            default: isBroken = true
            }
        case .unicodeEscape(let isKey, let digits):
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                place = digits == 3 ? .string(isKey: isKey) : .unicodeEscape(isKey: isKey, digits: digits + 1)
            default: isBroken = true
            }
        case .literal:
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                break
            default:
                endLiteral(at: index)
                if !isBroken, !isJSONSpace(byte) { stepBetween(byte, at: index) }
            }
        }
    }

    private mutating func stepBetween(_ byte: UInt8, at index: Int) {
        switch (expectation, byte) {
        case (.start, UInt8(ascii: "{")):
            open(object: true)
        case (.value, _), (.firstElement, _):
            if case .firstElement = expectation, byte == UInt8(ascii: "]") { return close(at: index) }
            beginValue(byte, at: index)
        case (.key, UInt8(ascii: "\"")), (.firstKey, UInt8(ascii: "\"")):
            valueStart = index
            place = .string(isKey: true)
        case (.firstKey, UInt8(ascii: "}")):
            close(at: index)
        case (.colon, UInt8(ascii: ":")):
            expectation = .value
        case (.comma, UInt8(ascii: ",")):
            expectation = isObject.last == true ? .key : .value
        case (.comma, UInt8(ascii: "}")) where isObject.last == true,
            (.comma, UInt8(ascii: "]")) where isObject.last == false:
            close(at: index)
        default:
            isBroken = true
        }
    }

    private mutating func beginValue(_ byte: UInt8, at index: Int) {
        if isObject.count == 1, case .arguments = member, argumentsStart == nil { argumentsStart = index }
        valueStart = index
        switch byte {
        case UInt8(ascii: "{"): open(object: true)
        case UInt8(ascii: "["): open(object: false)
        case UInt8(ascii: "\""): place = .string(isKey: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "t"), UInt8(ascii: "f"),
            UInt8(ascii: "n"):
            place = .literal
        default: isBroken = true
        }
    }

    private mutating func open(object: Bool) {
        guard isObject.count < JSONReadingOptions.deepestNesting else {
            isBroken = true
            return
        }
        isObject.append(object)
        expectation = object ? .firstKey : .firstElement
        place = .between
    }

    private mutating func close(at index: Int) {
        isObject.removeLast()
        endValue(at: index + 1)
    }

    private mutating func endString(isKey: Bool, at index: Int) {
        place = .between
        if isKey {
            expectation = .colon
            guard isObject.count == 1 else { return }
            switch string(endingAt: index) {
            case "name": member = .name
            case "arguments": member = .arguments
            default: member = .other
            }
        } else {
            if isObject.count == 1, case .name = member, name == nil { name = string(endingAt: index) }
            endValue(at: index + 1)
        }
    }

    private mutating func endLiteral(at index: Int) {
        place = .between
        let literal = String(decoding: body[valueStart..<index], as: UTF8.self)
        if ["true", "false", "null"].contains(literal) || JSONNumber(literal: literal) != nil {
            endValue(at: index)
        } else {
            isBroken = true
        }
    }

    private mutating func endValue(at end: Int) {
        if isObject.count == 1, case .arguments = member, argumentsEnd == nil { argumentsEnd = end }
        expectation = isObject.isEmpty ? .nothing : .comma
    }

    /// The content of the string that began at `valueStart`; its closing quote is not in the body yet.
    private func string(endingAt index: Int) -> String? {
        (try? JSONValue(parsing: body[valueStart..<index] + [UInt8(ascii: "\"")]))?.string
    }
}
