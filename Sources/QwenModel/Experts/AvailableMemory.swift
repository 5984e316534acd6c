#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The memory that this process can have without others being pushed out of it.
package enum AvailableMemory {
    /// The bytes; nil where the system does not tell.
    package static var byteCount: Int? {
        #if os(Linux) || os(Android)
        return byteCount(root: "")
        #else
        var byteCount: UInt64 = 0
        var size = MemoryLayout<UInt64>.size
        guard sysctlbyname("hw.memsize", &byteCount, &size, nil, 0) == 0 else { return nil }
        // What the system and other programs need is not told in a way that could be relied on.
        return Int(clamping: byteCount / 4 * 3)
        #endif
    }

    #if os(Linux) || os(Android)
    /// The bytes by the files of a kernel whose `/proc` and `/sys` lie in some folder.
    package static func byteCount(root: String) -> Int? {
        (controlGroups(root) + [available(root)].compactMap(\.self)).min()
    }

    /// What the kernel expects to be able to give, file caches included.
    private static func available(_ root: String) -> Int? {
        guard let text = text(root + "/proc/meminfo") else { return nil }
        return field("MemAvailable:", of: text).flatMap { Int($0).map { $0.multipliedReportingOverflow(by: 1024) } }
            .flatMap { $0.overflow ? nil : $0.partialValue }
    }

    /// What the process' control groups leave: of version 2 its own and those above it, of version 1 the root that it sees.
    private static func controlGroups(_ root: String) -> [Int] {
        var all: [Int] = []
        let line = text(root + "/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::/") }
        var path = line.map { $0.dropFirst(3).split(separator: "/") } ?? []
        while true {
            let folder = root + "/sys/fs/cgroup/" + path.map { $0 + "/" }.joined()
            let byteCount = left(
                limit: folder + "memory.max",
                usage: folder + "memory.current",
                statistics: folder + "memory.stat"
            )
            if let byteCount { all.append(byteCount) }
            guard !path.isEmpty else { break }
            path.removeLast()
        }
        let folder = root + "/sys/fs/cgroup/memory/"
        let byteCount = left(
            limit: folder + "memory.limit_in_bytes",
            usage: folder + "memory.usage_in_bytes",
            statistics: folder + "memory.stat"
        )
        return all + [byteCount].compactMap(\.self)
    }

    /// What a control group leaves: its limit less what it uses, of which file caches can be taken back.
    private static func left(limit: String, usage: String, statistics: String) -> Int? {
        guard let limit = number(limit), let used = number(usage) else { return nil }
        let text = text(statistics) ?? ""
        let caches = ["inactive_file", "active_file"].reduce(0) { $0 &+ (field($1, of: text).flatMap { Int($0) } ?? 0) }
        return max(0, limit - max(0, used - max(0, caches)))
    }

    private static func number(_ path: String) -> Int? {
        // "max" is no number, and means that there is no limit.
        guard let number = text(path)?.split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) }) else {
            return nil
        }
        return number < 0 ? nil : number
    }

    /// The word after a name at the beginning of a line.
    private static func field(_ name: String, of text: String) -> Substring? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == name { return words[1] }
        }
        return nil
    }

    /// A small file of the kernel's.
    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
    #endif
}
