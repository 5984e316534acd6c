import QwenHub

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where a model is that was named on the command line.
enum ModelPlace {
    /// A path that exists wins over a repository of that name; what is in no cache is downloaded, with a bar.
    static func find(_ name: String) async throws -> URL {
        if FileManager.default.fileExists(atPath: name) { return URL(fileURLWithPath: name) }
        // What looks like a path is none that exists: the loader says so better than the Hub could.
        guard !name.hasPrefix("/"), !name.hasPrefix("."), !name.hasPrefix("~"), let model = try? ModelReference(name)
        else {
            return URL(fileURLWithPath: name)
        }
        let bar = DownloadBar()
        defer { bar.clear() }
        return try await HubClient().fetch(model) { bar.show($0) }
    }
}
