#if os(Linux)
    import Foundation
    import QwenModel
    import Testing

    /// What the kernel's files say about memory, in folders that look like its own.
    @Suite("Memory that there is") struct AvailableMemoryTests {
        private func available(_ files: [String: String]) throws -> Int? {
            let root = FileManager.default.temporaryDirectory.appending(path: "memory-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: root) }
            for (name, text) in files {
                let file = root.appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: file)
            }
            return AvailableMemory.byteCount(root: root.path)
        }

        private static let machine = [
            "proc/meminfo": "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n"
        ]

        private func with(_ files: [String: String]) -> [String: String] { Self.machine.merging(files) { $1 } }

        @Test func withoutLimits() throws {
            #expect(try available([:]) == nil)
            #expect(try available(Self.machine) == 8_192_000_000)
            #expect(
                try available(with(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"]))
                    == 8_192_000_000
            )
        }

        /// The tightest of a process' groups counts, and file caches can be taken back.
        @Test func groupsOfVersion2() throws {
            let files = [
                "proc/self/cgroup": "0::/work/job\n",
                "sys/fs/cgroup/work/job/memory.max": "max\n",
                "sys/fs/cgroup/work/job/memory.current": "1000\n",
                "sys/fs/cgroup/work/memory.max": "4000000000\n",
                "sys/fs/cgroup/work/memory.current": "1500000000\n",
                "sys/fs/cgroup/work/memory.stat":
                    "anon 900000000\nfile 600000000\ninactive_file 400000000\nactive_file 100000000\n",
            ]
            #expect(try available(with(files)) == 3_000_000_000)
            // A container sees its own group as the root.
            let container = [
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "1000000000\n",
                "sys/fs/cgroup/memory.current": "1000000000\n",
            ]
            #expect(try available(with(container)) == 0)
            #expect(
                try available(with(container.merging(["sys/fs/cgroup/memory.max": "9000000000000"]) { $1 }))
                    == 8_192_000_000
            )
        }

        @Test func groupsOfVersion1() throws {
            var files = [
                "proc/self/cgroup": "5:memory:/docker/abc\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "500000000\n",
                "sys/fs/cgroup/memory/memory.stat": "cache 300000000\ninactive_file 100000000\nactive_file 200000000\n",
            ]
            #expect(try available(with(files)) == 1_800_000_000)
            files["sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n"
            #expect(try available(with(files)) == 8_192_000_000)
        }

        /// Numbers that are none, or too large, do not stop the program.
        @Test func nonsense() throws {
            let files = [
                "proc/meminfo": "MemAvailable: 99999999999999999999 kB\n",
                "proc/self/cgroup": "0::/../../..\nnothing\n",
                "sys/fs/cgroup/memory.max": "-5\n",
                "sys/fs/cgroup/memory.current": "\n",
            ]
            #expect(try available(files) == nil)
            #expect(try available(["proc/meminfo": "MemAvailable: 9223372036854775807 kB\n"]) == nil)
            let stat = "inactive_file 9223372036854775807\nactive_file 9223372036854775807\n"
            let group = [
                "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "100", "sys/fs/cgroup/memory.current": "40",
                "sys/fs/cgroup/memory.stat": stat,
            ]
            #expect(try available(group).map { (0...100).contains($0) } == true)
        }
    }
#endif
