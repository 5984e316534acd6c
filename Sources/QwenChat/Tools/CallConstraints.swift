internal import QwenGrammar
import QwenJSON
import QwenTokenizer
import Synchronization

/// What calls of a session's tools are held to, compiled when it is first needed.
final class CallConstraints: Sendable {
    /// For the tool that must be called, or nil for any.
    private let made = Mutex<[String?: CallConstraint?]>([:])

    /// - Parameters:
    ///   - tools: what can be called.
    ///   - name: the only one that may be; nil for all.
    ///   - model: whose form calls have.
    ///   - maximum: the most calls in a turn that consists of them.
    /// - Returns: nil where calls cannot be held to anything: the model's family makes none, or its vocabulary has no tags.
    func value(
        _ tools: [ToolDefinition],
        named name: String?,
        for model: QwenLanguageModel,
        maximum: Int
    ) -> CallConstraint? {
        made.withLock { made in
            if let known = made[name] { return known }
            let tools = name.map { name in tools.filter { $0.name == name } } ?? tools
            let constraint = Self.make(tools, for: model, maximum: maximum)
            made[name] = .some(constraint)
            return constraint
        }
    }

    private static func make(
        _ tools: [ToolDefinition],
        for model: QwenLanguageModel,
        maximum: Int
    ) -> CallConstraint? {
        guard let opening = model.tokenizer.id(of: Markup.openCall.rawValue),
            let closing = model.tokenizer.id(of: Markup.closeCall.rawValue),
            let separator = model.tokenizer.encode("\n").first,
            let format = model.template.family.toolCallFormat
        else { return nil }
        let body =
            switch format {
            case .hermes: hermesBody(tools)
            case .coder:
                try? CompiledConstraint(.choices(tools.map { "\n\(ToolCallFormat.coder.opening)\($0.name)>\n" }))
            }
        guard let body else { return nil }
        return CallConstraint(
            body: body,
            isWhole: format == .hermes,
            openingToken: opening,
            closingToken: closing,
            separator: separator,
            maximum: maximum
        )
    }

    /// A name and its arguments as the templates write them, on a line of its own.
    private static func hermesBody(_ tools: [ToolDefinition]) -> CompiledConstraint? {
        let options = SchemaOptions(whitespace: .spaced)
        var alternatives: [(before: String, value: CompiledConstraint, after: String)] = []
        for tool in tools {
            let schema = JSONValue.object(tool.parameters ?? [:])
            // What cannot be enforced is left to the comparison with the schema when the call is complete.
            guard
                let arguments = (try? CompiledConstraint(.jsonSchema(schema), options: options))
                    ?? (try? CompiledConstraint(.jsonSchema(["type": "object"]), options: options))
            else { return nil }
            let name = JSONValue.string(tool.name).serialized()
            alternatives.append((#"\#n{"name": \#(name), "arguments": "#, arguments, "}\n"))
        }
        return try? CompiledConstraint(framing: alternatives)
    }
}
