import QwenJSON
import QwenSchema

/// A session's tools, ready to be declared and called.
package struct ToolBox: Sendable {
    /// One tool without its types.
    private struct Entry: Sendable {
        let definition: ToolDefinition
        let schema: JSONSchema
        let run: @Sendable (JSONValue) async throws -> ToolOutput
    }

    /// What the model asks for, in the order in which it does.
    package enum Request: Sendable {
        case call(ToolCall)
        case unknown(ToolCall)
        case malformed(raw: String)
    }

    private let entries: [Entry]
    private let policy: ToolPolicy

    /// Takes the tools that the policy allows.
    ///
    /// - Throws: ``ToolCallingError`` for a tool without a proper name or schema, and for two of one name.
    package init(_ tools: [any Tool], policy: ToolPolicy) throws(ToolCallingError) {
        var entries: [Entry] = []
        for tool in tools {
            let entry = try Self.entry(tool)
            let name = entry.definition.name
            guard !entries.contains(where: { $0.definition.name == name }) else { throw .duplicateName(name) }
            entries.append(entry)
        }
        self.entries = entries.filter { policy.allowedTools?.contains($0.definition.name) ?? true }
        self.policy = policy
    }

    /// What the model gets to see.
    package var definitions: [ToolDefinition] { entries.map(\.definition) }

    private static func entry<Kind: Tool>(_ tool: Kind) throws(ToolCallingError) -> Entry {
        let name = tool.name
        let isProper = (1...64).contains(name.utf8.count) && name.utf8.allSatisfy(isNameByte)
        guard isProper else { throw .invalidName(name) }
        let schema: JSONSchema
        do {
            schema = try tool.parameters
        } catch {
            throw .noSchema(tool: name, reason: "\(error)")
        }
        guard let parameters = schema.json.object, parameters["type"]?.string == "object" else {
            throw .noSchema(tool: name, reason: "\(schema) is not that of an object.")
        }
        return Entry(
            definition: ToolDefinition(name: name, description: tool.description, parameters: parameters),
            schema: schema,
            run: { try await tool.call(arguments: $0.decode(Kind.Arguments.self)).toolOutput }
        )
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    // MARK: Calls

    /// Runs what the model asks for, calls side by side.
    ///
    /// - Returns: the results in the order of the requests.
    /// - Throws: ``ToolCallingError/stopped(_:)``, `CancellationError`, what the policy's review throws, and what a tool
    ///   throws if the policy says so.
    package func run(_ requests: [Request]) async throws -> [ToolResult] {
        var results = [ToolResult?](repeating: nil, count: requests.count)
        var approved: [(index: Int, entry: Entry, call: ToolCall)] = []
        for (index, request) in requests.enumerated() {
            try Task.checkCancellation()
            guard index < policy.maximumCalls else {
                let reason = "only \(policy.maximumCalls) calls are allowed at once; this one was not run."
                results[index] = .error(reason, for: request.call)
                continue
            }
            switch request {
            case .malformed:
                results[index] = .error(Self.malformedNote, for: nil)
            case .unknown(let call):
                results[index] = .error("there is no tool named \(call.name). \(available)", for: call)
            case .call(let call):
                switch try await review(call) {
                case .finished(let result): results[index] = result
                case .run(let entry, let call): approved.append((index, entry, call))
                }
            }
        }
        try await withThrowingTaskGroup(of: (Int, ToolResult).self) { group in
            for (index, entry, call) in approved {
                group.addTask { (index, try await result(of: call, entry)) }
            }
            for try await (index, result) in group { results[index] = result }
        }
        try Task.checkCancellation()
        return results.compactMap(\.self)
    }

    private enum Review {
        case finished(ToolResult)
        case run(Entry, ToolCall)
    }

    /// Compares a call with the limits and the schema, then asks the policy.
    private func review(_ call: ToolCall) async throws -> Review {
        guard let entry = entries.first(where: { $0.definition.name == call.name }) else {
            return .finished(.error("there is no tool named \(call.name). \(available)", for: call))
        }
        if let error = objection(to: call, entry) { return .finished(.error(error, for: call)) }
        switch try await policy.review?(call) ?? .approve {
        case .approve:
            return .run(entry, call)
        case .replaceArguments(let arguments):
            let replaced = ToolCall(id: call.id, name: call.name, arguments: arguments)
            if let error = objection(to: replaced, entry) { return .finished(.error(error, for: call)) }
            return .run(entry, replaced)
        case .replaceResult(let output):
            return .finished(capped(output, for: call))
        case .refuse(let reason):
            return .finished(.error("the call was refused: \(reason)", for: call))
        case .stop:
            throw ToolCallingError.stopped(call)
        }
    }

    private func objection(to call: ToolCall, _ entry: Entry) -> String? {
        let size = call.arguments.serializedBytes().count
        guard size <= policy.maximumArgumentBytes else {
            return "the arguments have \(size) bytes; \(policy.maximumArgumentBytes) are allowed."
        }
        let violations = entry.schema.violations(of: call.arguments, limit: 5)
        guard !violations.isEmpty else { return nil }
        return "the arguments do not fit the tool's schema. " + violations.map(\.description).joined(separator: "; ")
    }

    private func result(of call: ToolCall, _ entry: Entry) async throws -> ToolResult {
        do {
            return capped(try await entry.run(call.arguments), for: call)
        } catch {
            // Whoever cancels the request does not want another turn.
            if Task.isCancelled { throw CancellationError() }
            if policy.throwsErrors { throw error }
            return capped(ToolOutput("Error: \(error)"), for: call, isError: true)
        }
    }

    private func capped(_ output: ToolOutput, for call: ToolCall, isError: Bool = false) -> ToolResult {
        let size = output.text.utf8.count
        guard size > policy.maximumResultBytes else {
            return ToolResult(call: call, text: output.text, isError: isError)
        }
        var end = output.text.utf8.index(output.text.startIndex, offsetBy: max(0, policy.maximumResultBytes))
        // Not in the middle of a character.
        while end.samePosition(in: output.text.unicodeScalars) == nil { end = output.text.utf8.index(before: end) }
        let note = "\n[The result has \(size) bytes; only the first \(policy.maximumResultBytes) are shown.]"
        return ToolResult(call: call, text: output.text[..<end] + note, isError: isError, isCut: true)
    }

    private var available: String {
        "Available: \(entries.map(\.definition.name).joined(separator: ", "))."
    }

    private static let malformedNote = "the call could not be read. Write it again in the form that was asked for."
}

extension ToolBox.Request {
    /// The call; `nil` for one that could not be read.
    package var call: ToolCall? {
        switch self {
        case .call(let call), .unknown(let call): call
        case .malformed: nil
        }
    }
}
