import Foundation
import QwenChat
import QwenEmbedded
import QwenJSON
import QwenModel
import QwenTensor
import QwenTokenizer
import Synchronization
import Testing

@Suite("The model in the program")
struct EmbeddedModelTests {
    /// One conversation, and what transformers makes of it.
    private struct Golden {
        let input: ChatTemplate.Input
        let inputIDs: [Int]
        let lastLogits: [Float]
        let greedy: [Int]
        let text: String
        let negativeLogLikelihood: Double

        init(_ json: JSONValue) throws {
            input = try ChatTemplate.Input(json: json)
            inputIDs = try #require(json["input_ids"]?.array).compactMap(\.int)
            lastLogits = try #require(json["logits_last"]?.array).compactMap { $0.double.map(Float.init) }
            greedy = try #require(json["greedy"]?.array).compactMap(\.int)
            text = try #require(json["text"]?.string)
            negativeLogLikelihood = try #require(json["nll"]?.double)
        }
    }

    private func goldens() throws -> [Golden] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/golden.json")
        let json = try JSONValue(parsing: [UInt8](Data(contentsOf: url)))
        return try #require(json["cases"]?.array).map(Golden.init)
    }

    @Test("prompts, logits, likelihood and greedy text are those of transformers", arguments: [1, 2])
    func reference(threads: Int) async throws {
        let options = EngineOptions(threadCount: threads, keyValueType: .float32, arithmetic: .exact)
        let model = try await QwenLanguageModel.load(options: LoadingOptions(engine: options))
        let goldens = try goldens()
        #expect(goldens.count >= 8)
        for golden in goldens {
            let prompt = try model.template.render(golden.input)
            #expect(model.tokenizer.encode(segments: prompt.segments) == golden.inputIDs)

            let last = golden.inputIDs.count - 1
            let evaluation = try await model.engine.evaluate(golden.inputIDs, logitsAt: [last])
            let logits = try #require(evaluation.logits.first)
            #expect(logits.count == golden.lastLogits.count)
            let difference = zip(logits, golden.lastLogits).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference < 5e-4)
            let likelihood = try #require(evaluation.negativeLogLikelihood)
            #expect(abs(likelihood - golden.negativeLogLikelihood) < 2e-5)

            let request = GenerationRequest(
                prompt: golden.inputIDs,
                sampling: .greedy,
                maxTokens: golden.greedy.count,
                stopTokens: model.stopTokens
            )
            var ids: [Int] = []
            for try await event in model.engine.generate(request, in: try model.engine.makeContext()) {
                if case .token(let token) = event { ids.append(token.id) }
            }
            #expect(ids == golden.greedy || ids == golden.greedy.dropLast())
            #expect(try model.tokenizer.decode(Array(golden.greedy.dropLast())) == golden.text)
        }
    }

    @Test("a session thinks, or does not")
    func session() async throws {
        let model = try await QwenLanguageModel.load()
        #expect(model.thinkingSupport == .hybrid)
        let session = ChatSession(model, options: .greedy)
        let thought = try await session.respond(to: "Start with 47. Add 38. Subtract 9.", thinking: .on)
        #expect(thought.thinking == "47+38=85\n85-9=76")
        #expect(thought.text == "The result is 76.")
        #expect(thought.finishReason == .stop)
        let guessed = try await session.respond(to: "Start with 21. Multiply by 4.", thinking: .off)
        #expect(guessed.thinking == nil)
        #expect(guessed.text.hasPrefix("The result is "))
    }

    @Test("it is told apart from a folder by its name alone")
    func checkpoint() throws {
        let checkpoint = try Checkpoint.embedded
        #expect(checkpoint.path == "(embedded)")
        #expect(checkpoint.configuration.parameterCount == 3_475_968)
        #expect(checkpoint.weightByteCount == 2 * 3_475_968)
        #expect(try ChatTemplateFamily(checkpoint: checkpoint) == .qwen3)
        #expect(try checkpoint.contents(of: "tokenizer.json", limit: 1 << 20)?.count == 72_516)
        #expect(try checkpoint.contents(of: "vocab.json", limit: 1 << 20) == nil)
        #expect(throws: CheckpointError.self) { try checkpoint.contents(of: "tokenizer.json", limit: 1000) }
    }

    @Test("progress and cancellation are those of a folder")
    func loading() async throws {
        let last = Mutex<ReadingOptions.Progress?>(nil)
        _ = try await QwenLanguageModel.load { progress in
            last.withLock { $0 = progress }
        }
        let progress = try #require(last.withLock { $0 })
        #expect(progress.bytesTotal == 2 * 3_475_968)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await QwenLanguageModel.load()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
