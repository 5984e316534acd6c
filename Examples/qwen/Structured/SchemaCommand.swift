import ArgumentParser
import Qwen

/// What is done with schemas alone, without a model.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Compile JSON Schemas to what holds a model to them.",
        subcommands: [SchemaCheck.self]
    )
}

/// Which instances the automaton of a schema accepts, and how long everything takes.
struct SchemaCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell which instances a schema's automaton accepts.",
        discussion: """
            With --jsonl every line {"schema": …, "tests": [{"data": …, "valid": …}]} becomes {"accepts": [true, …]}, \
            each instance written without white space, its keys in the order given; or {"unsupported": "keyword at path"} \
            where the schema asks for what cannot be enforced. "compile_us" is the time to compile the schema; with \
            --masks "mask_us" holds, for every token of the accepted instances, the time to find the tokens allowed \
            there and to take the next one.
            """
    )

    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    @Flag(help: "Take the accepted instances token by token, and tell how long each token took.")
    var masks = false

    @Option(help: "Whether \"format\" is enforced: asserted, ignored, or by-dialect, as the schema's edition says.")
    var formats = FormatHandling.byDialect

    func validate() throws {
        guard jsonl else { throw ValidationError("Give --jsonl; schemas come from standard input.") }
    }

    func run() throws {
        let options = SchemaOptions(formats: formats.handling, allowsAnyNumberForm: true)
        let vocabulary = masks ? TokenVocabulary.qwen : nil
        try JSONLines.answerInParallel { line, output in
            output += try Self.answer(line, options: options, vocabulary: vocabulary).serializedBytes()
        }
    }

    private static func answer(
        _ line: JSONValue,
        options: SchemaOptions,
        vocabulary: TokenVocabulary?
    ) throws -> JSONValue {
        guard let schema = line["schema"] else { throw FieldError(key: "schema", expected: "a JSON Schema") }
        let instances = (line["tests"]?.array ?? []).map { $0["data"]?.serializedBytes() ?? [] }
        let clock = ContinuousClock()
        let start = clock.now
        let constraint: CompiledConstraint
        do throws(ConstraintError) {
            constraint = try CompiledConstraint(.jsonSchema(schema), options: options)
        } catch .unsatisfiable {
            return [
                "accepts": .array(instances.map { _ in .bool(false) }), "compile_us": microseconds(clock.now - start),
            ]
        } catch {
            return ["unsupported": .string("\(error)"), "compile_us": microseconds(clock.now - start)]
        }
        let compileTime = microseconds(clock.now - start)
        let accepts = instances.map { constraint.accepts($0) }
        var answer: JSONObject = ["accepts": .array(accepts.map { .bool($0) }), "compile_us": compileTime]
        guard let vocabulary else { return .object(answer) }
        let matcher = ConstraintMatcher(constraint, vocabulary: vocabulary)
        var times: [JSONValue] = []
        for (instance, isAccepted) in zip(instances, accepts) where isAccepted {
            matcher.startAgain()
            for id in vocabulary.tokenizer.encode(utf8: instance, addedTokens: .disabled) {
                let start = clock.now
                let mask = matcher.allowedTokens()
                guard mask.contains(id), matcher.accept(id) else { throw RefusedToken(id: id) }
                times.append(microseconds(clock.now - start))
            }
        }
        answer["mask_us"] = .array(times)
        return .object(answer)
    }

    private static func microseconds(_ duration: Duration) -> JSONValue {
        .number(JSONNumber((duration / .nanoseconds(1)).rounded() / 1000) ?? 0)
    }
}

/// `--formats asserted|ignored|by-dialect`.
enum FormatHandling: String, ExpressibleByArgument, CaseIterable {
    case asserted
    case ignored
    case byDialect = "by-dialect"

    var handling: SchemaOptions.Formats {
        switch self {
        case .asserted: .asserted
        case .ignored: .ignored
        case .byDialect: .byDialect
        }
    }
}

/// The mask excludes a token that leads to an instance which is accepted: a fault of this package.
private struct RefusedToken: Error, CustomStringConvertible {
    let id: Int

    var description: String { "Token \(id) of an accepted instance is refused." }
}
