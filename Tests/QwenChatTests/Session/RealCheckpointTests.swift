import Foundation
import QwenChat
import QwenJSON
import QwenModel
import QwenTensor
import QwenTokenizer
import Testing

/// The checkpoint with real weights, where one was made: the folder in `QWEN_REAL_CHECKPOINT`, or what `Examples/chat.sh`
/// has left in the repository.
private let realCheckpoint: URL? = {
    if let path = ProcessInfo.processInfo.environment["QWEN_REAL_CHECKPOINT"] { return URL(filePath: path) }
    let made = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Checkpoints/SmolLM2-135M-Instruct").standardizedFileURL
    let isMade = FileManager.default.fileExists(atPath: made.appending(path: "model.safetensors").path)
    return isMade ? made : nil
}()

@Suite("Real weights answer as the reference does", .enabled(if: realCheckpoint != nil && Oracle.isPresent))
struct RealCheckpointTests {
    /// One conversation of the reference, continued greedily.
    private struct Golden {
        let messages: [Message]
        let inputIDs: [Int]
        let greedy: [Int]
        let margins: [Double]
        let text: String
        let negativeLogLikelihood: Double

        init(_ json: JSONValue) throws {
            messages = try ChatTemplate.Input(json: json).messages
            inputIDs = try #require(json["input_ids"]?.array).compactMap(\.int)
            greedy = try #require(json["greedy"]?.array).compactMap(\.int)
            margins = try #require(json["greedy_margins"]?.array).compactMap(\.double)
            text = try #require(json["text"]?.string)
            negativeLogLikelihood = try #require(json["nll"]?.double)
        }

        /// Steps before the first at which rounding may decide.
        var decidedSteps: Int { margins.firstIndex { $0 < 0.01 } ?? margins.count }
    }

    private func goldens() throws -> [Golden] {
        let path = Oracle.directory.appending(path: "data/real_qwen2_golden.json")
        let json = try JSONValue(parsing: [UInt8](Data(contentsOf: path)))
        return try #require(json.array).map { try Golden($0) }
    }

    @Test("the same ids and the same text, turn by turn and at once")
    func greedy() async throws {
        let model = try await QwenLanguageModel.load(
            try #require(realCheckpoint),
            options: LoadingOptions(engine: EngineOptions(arithmetic: .exact))
        )
        #expect(model.template.family == .chatML)
        let goldens = try goldens()
        #expect(goldens.count == 4)
        let stop = try #require(model.tokenizer.id(of: "<|im_end|>"))
        for golden in goldens {
            let prompt = try model.template.render(golden.messages)
            #expect(model.tokenizer.encode(segments: prompt.segments) == golden.inputIDs)

            let session = ChatSession(model, transcript: Transcript(golden.messages))
            let options = GenerationOptions(maxTokens: 60, temperature: 0, logProbabilities: 0)
            let reply = try await session.respond(options: options)
            var ids = try #require(reply.logProbabilities).map(\.id)
            if reply.finishReason == .stop { ids.append(stop) }
            let decided = golden.decidedSteps
            #expect(ids.prefix(decided) == golden.greedy.prefix(decided))
            if decided == golden.greedy.count {
                let text = golden.greedy.last == stop ? String(golden.text.dropLast("<|im_end|>".count)) : golden.text
                #expect(reply.text == text)
            }
            #expect(reply.finishReason == (golden.greedy.last == stop ? .stop : .length))
        }
    }

    @Test("the same likelihood")
    func likelihood() async throws {
        let model = try await QwenLanguageModel.load(
            try #require(realCheckpoint),
            options: LoadingOptions(engine: EngineOptions(arithmetic: .exact))
        )
        for golden in try goldens() {
            let evaluation = try await model.engine.evaluate(golden.inputIDs, logitsAt: [])
            #expect(abs((evaluation.negativeLogLikelihood ?? 0) - golden.negativeLogLikelihood) < 1e-3)
        }
    }
}
