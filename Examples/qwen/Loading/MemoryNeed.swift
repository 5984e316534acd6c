import Qwen
import QwenJSON

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a model takes in memory, and the program with it.
struct MemoryNeed {
    let plan: MemoryPlan
    let context: Int
    let batch: Int
    /// What this program has in memory without a model; nil where the system does not tell.
    let program: Int?

    init(_ checkpoint: Checkpoint, _ options: EngineOptions, context: Int, batch: Int) throws {
        plan = try MemoryPlan(checkpoint, options: options, contextTokens: context, sequences: batch)
        self.context = context
        self.batch = batch
        program = Self.residentByteCount
    }

    /// Model and program.
    var total: Int { plan.total + (program ?? 0) }

    /// For people: names and values.
    var lines: [(String, String)] {
        let sequences = batch == 1 ? "" : ", \(batch) sequences"
        var lines = [
            ("memory", "for \(grouped(context)) tokens of context\(sequences):"),
            ("  weights", "\(grouped(plan.storedWeights)) bytes in the files"),
            ("  packed", "\(grouped(plan.weights)) bytes in memory"),
        ]
        if plan.experts > 0 {
            let onDemand = plan.residentExperts < plan.experts ? ", the others read on demand" : ""
            lines.append(
                (
                    "  experts",
                    "\(grouped(plan.residentExperts)) bytes of these, resident of \(grouped(plan.experts))\(onDemand)"
                )
            )
        }
        lines += [
            ("  KV", "\(grouped(plan.keysAndValues)) bytes"),
            ("  scratch", "\(grouped(plan.scratch)) bytes"),
        ]
        if let program { lines.append(("  program", "\(grouped(program)) bytes")) }
        let peak = plan.loadingPeak > plan.weights + plan.keysAndValues + plan.scratch ? ", while loading" : ""
        return lines + [("  total", "\(grouped(total)) bytes\(peak)")]
    }

    /// For programs.
    var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
        return [
            "context": number(context),
            "batch": number(batch),
            "weights": number(plan.storedWeights),
            "packed": number(plan.weights),
            "experts": number(plan.experts),
            "resident_experts": number(plan.residentExperts),
            "kv": number(plan.keysAndValues),
            "scratch": number(plan.scratch),
            "loading_peak": number(plan.loadingPeak),
            "program": program.map(number) ?? .null,
            "total": number(total),
        ]
    }

    /// The process's pages in memory, in bytes.
    private static var residentByteCount: Int? {
        #if os(Linux)
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        let numbers = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
        #else
        return nil
        #endif
    }
}
