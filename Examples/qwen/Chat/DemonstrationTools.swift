import Qwen

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What `qwen chat --tools` lets the model call: nothing that reads a file, runs a program or asks the network.
enum DemonstrationTools {
    static let all: [any Tool] = [Calculator(), Clock()]
}

/// Works out `+ - * /` and parentheses.
struct Calculator: Tool {
    struct Arguments: Decodable { var expression: String }

    let name = "calculate"
    let description = "Work out an expression."

    func call(arguments: Arguments) async throws -> String {
        let value = try Arithmetic.value(of: arguments.expression)
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}

/// The time, which a city's name does not change: there is no network to ask.
struct Clock: Tool {
    struct Arguments: Decodable {}

    let name = "clock"
    let description = "The current date and time in UTC."

    func call(arguments: Arguments) async throws -> String {
        Date.now.formatted(.iso8601)
    }
}

/// Arithmetic with the usual precedence.
struct Arithmetic {
    enum Failure: Error, CustomStringConvertible {
        case unexpected(Character?)
        case tooDeep

        var description: String {
            switch self {
            case .unexpected(let character?): "Unexpected “\(character)” in the expression."
            case .unexpected(nil): "The expression ends too early."
            case .tooDeep: "The expression nests too deeply."
            }
        }
    }

    private var rest: Substring
    private var depth = 0

    /// The value of an expression such as `2 * (3 + 4)`.
    static func value(of expression: String) throws(Failure) -> Double {
        let text = expression.filter { !$0.isWhitespace }.map { $0 == "×" ? "*" : $0 == "÷" ? "/" : $0 }
        var arithmetic = Arithmetic(rest: Substring(String(text)))
        let value = try arithmetic.sum()
        if let next = arithmetic.rest.first { throw .unexpected(next) }
        return value
    }

    private mutating func sum() throws(Failure) -> Double {
        var value = try product()
        while let sign = take("+-") {
            let next = try product()
            value += sign == "+" ? next : -next
        }
        return value
    }

    private mutating func product() throws(Failure) -> Double {
        var value = try factor()
        while let sign = take("*/") {
            let next = try factor()
            value = sign == "*" ? value * next : value / next
        }
        return value
    }

    private mutating func factor() throws(Failure) -> Double {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw .tooDeep }
        if take("-") != nil { return -(try factor()) }
        if take("(") != nil {
            let value = try sum()
            guard take(")") != nil else { throw .unexpected(rest.first) }
            return value
        }
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let value = Double(digits) else { throw .unexpected(rest.first) }
        rest.removeFirst(digits.count)
        return value
    }

    private mutating func take(_ characters: String) -> Character? {
        guard let next = rest.first, characters.contains(next) else { return nil }
        return rest.removeFirst()
    }
}
