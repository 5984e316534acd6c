import ArgumentParser
import QwenHub

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Removing what was downloaded.
struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a repository from the Hub's cache, with all its revisions and files.",
        discussion: "Ollama's and LM Studio's models are theirs to remove."
    )

    @Argument(help: ArgumentHelp("The repository: Qwen/Qwen3-0.6B.", valueName: "repository"))
    var name: String

    func run() throws {
        let cache = HubConfiguration().cache
        guard let freed = try cache.remove(HubRepository(name)) else {
            throw HubError.notCached(model: name, folder: cache.directory.path)
        }
        StandardOutput.writeError("\(DownloadBar.size(freed)) freed.\n")
    }
}
