#if Hub && os(Linux)
    import Foundation
    import QwenHub
    import Testing

    /// The time and memory that a large file takes, for `Tests/hub_throughput.sh`, which serves it and compares with curl.
    @Suite struct ThroughputTests {
        private static let endpoint = ProcessInfo.processInfo.environment["QWEN_HUB_THROUGHPUT"]

        @Test(.enabled(if: endpoint != nil)) func aLargeFile() async throws {
            let temporary = try TemporaryFolder()
            var configuration = HubConfiguration(environment: ["HOME": temporary.url.path])
            configuration.endpoint = try #require(Self.endpoint)
            let client = HubClient(configuration: configuration)
            let before = try residentKilobytes("VmRSS:")
            let start = ContinuousClock.now
            _ = try await client.fetch(ModelReference("Qwen/Large:Q8_0"))
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let megabytes = try Double(residentKilobytes("VmHWM:") - before) / 1000
            print("qwen: \(seconds) s, \(megabytes) MB above idle")
        }

        private func residentKilobytes(_ field: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
            return Int(line?.split(separator: " ").dropFirst().first.map(String.init) ?? "") ?? 0
        }
    }
#endif
