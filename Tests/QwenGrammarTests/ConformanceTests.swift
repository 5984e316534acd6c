import Foundation
import QwenGrammar
import QwenJSON
import Testing

/// Other people's schemas and instances: nothing invalid may be accepted, whatever else.
@Suite struct ConformanceTests {
    private let options = SchemaOptions(formats: .byDialect, allowsAnyNumberForm: true)

    private enum Verdict: Equatable {
        case unsupported
        case right
        case acceptsInvalid([Int])
        case refusesValid([Int])
    }

    private func verdict(_ schema: JSONValue, _ tests: JSONValue?) -> Verdict {
        let tests = tests?.array ?? []
        let accepts: [Bool]
        do throws(ConstraintError) {
            let constraint = try CompiledConstraint(.jsonSchema(schema), options: options)
            accepts = tests.map { constraint.accepts($0["data"]?.serializedBytes() ?? []) }
        } catch .unsatisfiable {
            accepts = tests.map { _ in false }
        } catch {
            return .unsupported
        }
        let valid = tests.map { $0["valid"]?.bool ?? false }
        let wronglyAccepted = tests.indices.filter { accepts[$0] && !valid[$0] }
        if !wronglyAccepted.isEmpty { return .acceptsInvalid(wronglyAccepted) }
        let wronglyRefused = tests.indices.filter { !accepts[$0] && valid[$0] }
        return wronglyRefused.isEmpty ? .right : .refusesValid(wronglyRefused)
    }

    @Test(.enabled(if: Oracle.isPresent)) func agreesWithTheSchemaTestSuite() throws {
        let folder = try #require(Oracle.data).appendingPathComponent("json-schema-test-suite/tests/draft2020-12")
        var rightGroups = 0
        var groups = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".json") {
            for group in try Oracle.json(folder.appendingPathComponent(name)).array ?? [] {
                let schema = try #require(group["schema"])
                let verdict = verdict(schema, group["tests"])
                groups += 1
                if verdict == .right { rightGroups += 1 }
                #expect(verdict == .right || verdict == .unsupported, "\(name): \(group["description"]?.string ?? "")")
            }
        }
        #expect(rightGroups * 4 > groups * 3)
    }

    @Test(.enabled(if: Oracle.isPresent)) func acceptsNothingThatRealSchemasForbid() throws {
        var rightSchemas = 0
        let lines = try Oracle.lines("maskbench_sample.jsonl.gz")
        for line in lines {
            let schema = try #require(line["schema"])
            switch verdict(schema, line["tests"]) {
            case .acceptsInvalid(let tests): Issue.record("\(line["id"]?.string ?? ""): accepts invalid \(tests)")
            case .right: rightSchemas += 1
            case .unsupported, .refusesValid: break
            }
        }
        #expect(rightSchemas * 10 >= lines.count * 9)
    }
}
