import ArgumentParser
import QwenHub

/// What is on the disk.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the models on the disk: the Hub's, Ollama's and LM Studio's."
    )

    func run() throws {
        let configuration = HubConfiguration()
        var rows: [(name: String, bytes: Int, note: String)] = []
        for cached in try configuration.cache.repositories() {
            let isWhole = cached.revisions.contains { revision in
                (try? configuration.cache.model(cached.repository, revision: revision.commit)) != nil
            }
            rows.append((cached.repository.id, cached.byteCount, isWhole ? "" : "incomplete, or no model"))
        }
        for model in try configuration.ollama.models() { rows.append(("ollama:\(model.name)", model.byteCount, "")) }
        for repository in try configuration.lmStudio.repositories() { rows.append(("lmstudio:\(repository)", 0, "")) }
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            let size = row.bytes > 0 ? DownloadBar.size(row.bytes) : ""
            let padding = String(repeating: " ", count: width - row.name.count + 2 + max(0, 9 - size.count))
            try StandardOutput.write(row.name + padding + size + (row.note.isEmpty ? "" : "  " + row.note) + "\n")
        }
    }
}
