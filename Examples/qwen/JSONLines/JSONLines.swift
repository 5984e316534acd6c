import ArgumentParser
import Dispatch
import QwenJSON

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One JSON object a line in, one a line out, in the same order.
///
/// What is finished is written before the program waits for more input, so that another program may ask line by line; a
/// file goes through in large blocks.
enum JSONLines {
    /// How a line is answered: appends the answer's JSON to the bytes.
    typealias Answer = @Sendable (_ input: JSONValue, _ output: inout [UInt8]) throws -> Void

    /// Answers every line of standard input, on several threads where many lines arrive together.
    ///
    /// - Parameter answer: called on any thread, several times at once.
    /// - Throws: `ExitCode.failure` after the last line when a line got an error, after a sentence on standard error.
    static func answerInParallel(_ answer: Answer) throws {
        var failures = Failures()
        var reader = LineReader(descriptor: STDIN_FILENO)
        while let batch = try reader.next() {
            let groups = groups(of: batch.lines)
            var outputs = [(bytes: [UInt8], failures: Failures)](repeating: ([], Failures()), count: groups.count)
            outputs.withUnsafeMutableBufferPointer { outputs in
                // Each iteration has an element of its own; the buffer outlives them all.
                nonisolated(unsafe) let outputs = outputs
                DispatchQueue.concurrentPerform(iterations: groups.count) { group in
                    for index in groups[group] {
                        let line = batch.bytes[batch.lines[index]]
                        let start = outputs[group].bytes.count
                        do {
                            try answer(parse(line), &outputs[group].bytes)
                        } catch {
                            outputs[group].bytes.removeSubrange(start...)
                            append(error, to: &outputs[group].bytes)
                            outputs[group].failures.add("\(error)", line: batch.firstLine + index)
                        }
                        outputs[group].bytes.append(0x0A)
                    }
                }
            }
            for output in outputs {
                failures.add(output.failures)
                try StandardOutput.write(output.bytes)
            }
        }
        try failures.report()
    }

    /// Answers every line of standard input, one after the other.
    ///
    /// - Throws: `ExitCode.failure` after the last line when a line got an error, after a sentence on standard error.
    static func answer(_ answer: (_ input: JSONValue) async throws -> JSONValue) async throws {
        var failures = Failures()
        var reader = LineReader(descriptor: STDIN_FILENO)
        while let batch = try reader.next() {
            for (index, range) in batch.lines.enumerated() {
                var output: [UInt8] = []
                do {
                    output = try await answer(parse(batch.bytes[range])).serializedBytes()
                } catch {
                    append(error, to: &output)
                    failures.add("\(error)", line: batch.firstLine + index)
                }
                output.append(0x0A)
                try StandardOutput.write(output)
            }
        }
        try failures.report()
    }

    /// Reads the lines of a file, one after the other; the first that is wrong ends it.
    static func forEach(inFileAt path: String, _ body: (JSONValue) throws -> Void) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw InputError.cannotOpen(path: path, code: errno) }
        defer { close(file) }
        var reader = LineReader(descriptor: file)
        while let batch = try reader.next() {
            for (index, range) in batch.lines.enumerated() {
                do {
                    try body(parse(batch.bytes[range]))
                } catch {
                    throw InputError.wrongLine(path: path, line: batch.firstLine + index, reason: "\(error)")
                }
            }
        }
    }

    /// Appends `{"error": "…"}`.
    static func append(_ error: any Error, to output: inout [UInt8]) {
        output += JSONValue.object(["error": .string("\(error)")]).serializedBytes()
    }

    private static func parse(_ line: ArraySlice<UInt8>) throws(JSONError) -> JSONValue {
        let outcome: Result<JSONValue, JSONError> = line.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try JSONValue(parsing: bytes))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Divides lines into groups of some 64 KiB.
    private static func groups(of lines: [Range<Int>]) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        for index in lines.indices
        where lines[index].upperBound - lines[start].lowerBound >= 1 << 16 || index == lines.count - 1 {
            groups.append(start..<index + 1)
            start = index + 1
            guard start < lines.count else { break }
        }
        return groups
    }
}

/// Which lines could not be answered.
private struct Failures {
    private var count = 0
    private var first: (line: Int, reason: String)?

    mutating func add(_ reason: String, line: Int) {
        count += 1
        if first == nil { first = (line, reason) }
    }

    mutating func add(_ later: Failures) {
        count += later.count
        if first == nil { first = later.first }
    }

    func report() throws {
        guard let first else { return }
        let others = count > 1 ? " (and \(count - 1) more)" : ""
        StandardOutput.writeError("Error: line \(first.line)\(others): \(first.reason)\n")
        throw ExitCode.failure
    }
}
