import Qwen
import QwenJSON

/// What `qwen bench` prints.
struct BenchReport {
    let checkpoint: Checkpoint
    let engine: InferenceEngine
    let tests: [SpeedTest.Result]

    private var bytesPerToken: Int { checkpoint.bytesPerToken }

    /// For people.
    var text: String {
        var lines = [
            "\(checkpoint.path): \(grouped(checkpoint.configuration.parameterCount)) parameters, "
                + "\(engine.options.threadCount ?? 0) threads, keys and values \(keyValueType)"
        ]
        for test in tests {
            let name =
                switch test.kind {
                case .prefill: "pp \(test.tokens)"
                case .decode: "tg \(test.tokens)"
                case .batch(let sequences): "tg \(test.tokens / sequences) × \(sequences)"
                }
            let depth = test.depth > 0 ? " after \(test.depth)" : ""
            let speed = test.speed
            var line =
                "\(name)\(depth): \(formatted(speed.mean, digits: 2)) ± \(formatted(speed.deviation, digits: 2)) tok/s"
            if case .decode = test.kind {
                line += "; reads \(formatted(Double(bytesPerToken) / 1e9, digits: 3)) GB of weights per token, "
                line += "\(formatted(gigabytesPerSecond(test), digits: 1)) GB/s, "
                line += "\(formatted(100 * shareOfBandwidth(test), digits: 0)) % of the "
                line +=
                    "\(formatted(Statistics(test.readBandwidths).median, digits: 1)) GB/s that reading them alone gets"
            }
            lines.append(line)
            lines.append("    runs: " + test.speeds.map { formatted($0, digits: 2) }.joined(separator: ", "))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// For programs: llama-bench's names where it has one.
    var json: JSONValue {
        .array(tests.map(json))
    }

    private func json(_ test: SpeedTest.Result) -> JSONValue {
        let nanoseconds = test.durations.map { ($0 / .nanoseconds(1)).rounded() }
        let time = Statistics(nanoseconds)
        let isPrefill = if case .prefill = test.kind { true } else { false }
        let sequences = if case .batch(let sequences) = test.kind { sequences } else { 1 }
        var members: [(String, JSONValue)] = [
            ("model_filename", .string(checkpoint.path)),
            ("model_type", .string(checkpoint.configuration.architecture.rawValue)),
            ("model_size", number(checkpoint.weightByteCount)),
            ("model_n_params", number(checkpoint.configuration.parameterCount)),
            ("n_threads", number(engine.options.threadCount ?? 0)),
            ("n_batch", number(engine.options.prefillChunk)),
            ("type_k", .string(keyValueType)),
            ("type_v", .string(keyValueType)),
            ("n_prompt", number(isPrefill ? test.tokens : 0)),
            ("n_gen", number(isPrefill ? 0 : test.tokens / sequences)),
            ("n_sequences", number(sequences)),
            ("n_depth", number(test.depth)),
            ("avg_ns", number(Int(time.mean))),
            ("stddev_ns", number(Int(time.deviation))),
            ("avg_ts", number(test.speed.mean)),
            ("stddev_ts", number(test.speed.deviation)),
            ("samples_ns", .array(nanoseconds.map { number(Int($0)) })),
            ("samples_ts", .array(test.speeds.map(number))),
        ]
        if case .decode = test.kind {
            members.append(("weight_bytes_per_token", number(bytesPerToken)))
            members.append(("weight_gb_per_s", number(gigabytesPerSecond(test))))
            members.append(("samples_read_gb_per_s", .array(test.readBandwidths.map(number))))
            members.append(("share_of_read", number(shareOfBandwidth(test))))
        }
        return .object(JSONObject(members.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    private var keyValueType: String { engine.options.keyValueType.description.lowercased() }

    private func gigabytesPerSecond(_ test: SpeedTest.Result) -> Double {
        Double(bytesPerToken) * test.speed.mean / 1e9
    }

    /// The share of the memory's speed that decoding reaches: the median over the runs, each against its own measurement.
    private func shareOfBandwidth(_ test: SpeedTest.Result) -> Double {
        let shares = zip(test.speeds, test.readBandwidths).map { Double(bytesPerToken) * $0 / 1e9 / $1 }
        return Statistics(shares).median
    }

    private func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    private func number(_ value: Double) -> JSONValue { JSONNumber(value).map(JSONValue.number) ?? .null }
}
