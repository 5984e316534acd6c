import ArgumentParser
import Qwen
import QwenHub

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Downloading a model.
struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Download a model, or find it on the disk.",
        discussion: """
            MODEL is a repository of the Hub (Qwen/Qwen3-0.6B), one GGUF file of it (Qwen/Qwen3-0.6B-GGUF:Q8_0), or a model \
            that another program downloaded (ollama:qwen3:0.6b, lmstudio:Qwen/Qwen3-0.6B-GGUF). What breaks is resumed by \
            running the command again. The folder is that of Python's huggingface_hub; HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE \
            and HF_HUB_OFFLINE mean here what they mean there. On Linux this needs a build with --traits Hub. Prints the path.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The model; if not given, the most able one that fits into half of the memory.",
            valueName: "model"
        )
    )
    var name: String?

    func run() async throws {
        let recommended = name == nil ? QwenLanguageModel.recommended() : nil
        guard let wanted = name ?? recommended?.reference else {
            throw ValidationError("No published model fits into half of this machine's memory: name one.")
        }
        if let recommended {
            StandardOutput.writeError("\(wanted), \(DownloadBar.size(recommended.weightByteCount))\n")
        }
        let model = try ModelReference(wanted)
        let bar = DownloadBar()
        defer { bar.clear() }
        let download = HubClient().download(model)
        for await progress in download { bar.show(progress) }
        bar.clear()
        try StandardOutput.write(await download.location.path + "\n")
    }
}
