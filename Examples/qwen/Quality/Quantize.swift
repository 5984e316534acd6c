import ArgumentParser
import Foundation
import Qwen

/// A checkpoint of floats to a quantised GGUF file.
struct Quantize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model as a quantised GGUF file.",
        discussion: """
            The source is a folder with safetensors files or a GGUF file, of F32, F16 or BF16. The mixtures are those of \
            llama.cpp: \(QuantizationMixture.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @Argument(help: ArgumentHelp("The checkpoint: a folder or a file.", valueName: "source"))
    var source: String

    @Argument(help: ArgumentHelp("The GGUF file to write.", valueName: "target"))
    var target: String

    @Argument(
        help: ArgumentHelp("The mixture of formats.", valueName: "mixture"),
        transform: { text in
            guard let mixture = QuantizationMixture(rawValue: text.uppercased()) else {
                throw ValidationError(
                    "“\(text)” is none of \(QuantizationMixture.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            return mixture
        }
    )
    var mixture: QuantizationMixture

    @Option(name: [.short, .long], help: "Threads that compute; the number of physical cores if not given.")
    var threads: Int?

    @Flag(help: "Print each tensor and its type.")
    var verbose = false

    func run() async throws {
        let checkpoint = try Checkpoint(path: source)
        let pool = try WorkerPool(workerCount: threads ?? WorkerPool.defaultWorkerCount)
        try ModelQuantizer(checkpoint, to: mixture).write(
            to: target,
            vocabulary: checkpoint.ggufVocabulary(),
            pool: pool,
            progress: { progress in
                let place = "\(progress.done + 1)/\(progress.total)"
                let text = verbose ? "\(place)  \(progress.tensor)  \(progress.type)\n" : "\r\(place) "
                FileHandle.standardError.write(Data(text.utf8))
            }
        )
        let size = try FileManager.default.attributesOfItem(atPath: target)[.size] as? Int ?? 0
        FileHandle.standardError.write(Data("\r".utf8))
        print("\(target): \(grouped(size)) bytes")
    }
}
