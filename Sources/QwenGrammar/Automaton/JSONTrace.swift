internal import QwenJSON

/// Remembers what a JSON text that is being produced must not repeat: an object's names, and the elements of arrays that
/// must be unique.
///
/// The text is known to be JSON; only its structure is followed.
struct JSONTrace {
    struct Container {
        var isObject: Bool
        /// Names as they stand in the text: every name has one form only.
        var names: Set<[UInt8]> = []
        var elements: Set<JSONValue> = []
        /// Where the value begins that is being written.
        var start = 0
    }

    private(set) var containers: [Container] = []
    private(set) var bytes: [UInt8] = []
    private(set) var isInString = false
    private var isEscaped = false
    private(set) var isName = false
    private var expectsName = false
    private(set) var stringStart = 0
    private let tracksElements: Bool
    /// Whether a number or a word is being written: it ends with the byte behind it.
    private(set) var isInScalar = false

    enum Event {
        case none
        /// The name that ends with this byte stands in the object already.
        case repeatedName
        /// A scalar without quotes ended before this byte, and the array holds it already.
        case repeatedElementBefore
        /// The element that ends with this byte stands in the array already.
        case repeatedElement
    }

    init(tracksElements: Bool) { self.tracksElements = tracksElements }

    /// Takes the next byte.
    mutating func append(_ byte: UInt8) -> Event {
        bytes.append(byte)
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                if isName {
                    isName = false
                    let name = Array(bytes[stringStart..<bytes.count - 1])
                    return containers[containers.count - 1].names.insert(name).inserted ? .none : .repeatedName
                }
                return endElement(bytes.count) ? .repeatedElement : .none
            }
            return .none
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            isName = expectsName
            expectsName = false
            stringStart = bytes.count
            begin()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            begin()
            isInScalar = false
            let isObject = byte == UInt8(ascii: "{")
            containers.append(Container(isObject: isObject))
            expectsName = isObject
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let isRepeated = endScalar()
            if !containers.isEmpty { containers.removeLast() }
            expectsName = false
            if isRepeated { return .repeatedElementBefore }
            return endElement(bytes.count) ? .repeatedElement : .none
        case UInt8(ascii: ","):
            let isRepeated = endScalar()
            expectsName = containers.last?.isObject == true
            return isRepeated ? .repeatedElementBefore : .none
        case UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09:
            return .none
        default:
            if !isInScalar {
                begin()
                isInScalar = true
            }
        }
        return .none
    }

    private mutating func begin() {
        if let last = containers.indices.last { containers[last].start = bytes.count - 1 }
    }

    private mutating func endScalar() -> Bool {
        guard isInScalar else { return false }
        isInScalar = false
        return endElement(bytes.count - 1)
    }

    /// Notes that a value ended; whether the array around it holds it already.
    private mutating func endElement(_ end: Int) -> Bool {
        guard tracksElements, let last = containers.indices.last, !containers[last].isObject else { return false }
        guard let value = try? JSONValue(parsing: Array(bytes[containers[last].start..<end])) else { return false }
        return !containers[last].elements.insert(Self.normalized(value)).inserted
    }

    /// The same for values that JSON Schema calls equal.
    private static func normalized(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(normalized))
        case .object(let object):
            let members = object.members.sorted { Name($0.key) < Name($1.key) }
            return .object(JSONObject(members.map { .init(key: $0.key, value: normalized($0.value)) }))
        case .number(let number):
            guard let text = DecimalText(number) else { return value }
            let digits = (text.integer + [11] + text.fraction).map { $0 == 11 ? 0x2E : $0 + 0x30 }
            // Not a string that a text could hold.
            return .array([.null, .string((text.isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self))])
        default: return value
        }
    }
}
