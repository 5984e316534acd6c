import Dispatch
import Foundation
import QwenChat
import QwenJSON
import QwenModel
import QwenTokenizer
import Synchronization
import Testing

@Suite("Loading a checkpoint")
struct LoadingTests {
    private static let chatML: JSONValue = #"""
        {% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}\#
        {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """#

    @Test("the template is recognised where it stands")
    func template() async throws {
        #expect(try await ScriptedCheckpoint(template: Self.chatML).load().template.family == .chatML)
        let named: JSONValue = [["name": "tool_use", "template": "?"], ["name": "default", "template": Self.chatML]]
        #expect(try await ScriptedCheckpoint(template: named).load().template.family == .chatML)
        let checkpoint = try ScriptedCheckpoint(template: "something else")
        try Data((Self.chatML.string ?? "").utf8).write(to: checkpoint.directory.appending(path: "chat_template.jinja"))
        #expect(try await checkpoint.load().template.family == .chatML)
    }

    @Test("without a template the vocabulary tells")
    func noTemplate() async throws {
        #expect(try await ScriptedCheckpoint().load().template.family == .qwen3)
        let bare = try ScriptedCheckpoint([:], addedTokens: ["<|im_end|>"])
        await #expect(throws: ChatTemplateError.self) { try await bare.load() }
    }

    @Test("an unknown template is an error that the family's name gets around")
    func unknownTemplate() async throws {
        let checkpoint = try ScriptedCheckpoint(template: "{{ bos_token }}[INST]")
        defer { checkpoint.remove() }
        await #expect(throws: ChatTemplateError.self) { try await QwenLanguageModel.load(checkpoint.directory) }
        let model = try await QwenLanguageModel.load(checkpoint.directory, options: LoadingOptions(family: .qwen3))
        #expect(model.thinkingSupport == .hybrid)
    }

    @Test("files that are missing or wrong are errors")
    func wrongFiles() async throws {
        let noTokenizer = try ScriptedCheckpoint()
        try FileManager.default.removeItem(at: noTokenizer.directory.appending(path: "tokenizer.json"))
        let path = noTokenizer.directory.appending(path: "tokenizer.json").path
        await #expect(throws: ModelLoadingError.missingTokenizer(path: path)) { try await noTokenizer.load() }

        let malformed = try ScriptedCheckpoint()
        try Data("{".utf8).write(to: malformed.directory.appending(path: "tokenizer_config.json"))
        await #expect(throws: ModelLoadingError.self) { try await malformed.load() }

        let number = try ScriptedCheckpoint(template: 3)
        await #expect(throws: ModelLoadingError.self) { try await number.load() }

        let foreign = try ScriptedCheckpoint()
        defer { foreign.remove() }
        await #expect(throws: ModelLoadingError.tokenizerDoesNotFit(tokenizer: 151_669, model: 288)) {
            try await QwenLanguageModel.load(foreign.directory, options: LoadingOptions(tokenizer: .qwen))
        }
        let nowhere = foreign.directory.appending(path: "nowhere")
        await #expect(throws: CheckpointError.self) { try await QwenLanguageModel.load(nowhere) }
    }

    @Test("progress reaches the end")
    func progress() async throws {
        let checkpoint = try ScriptedCheckpoint()
        defer { checkpoint.remove() }
        let last = Mutex<ReadingOptions.Progress?>(nil)
        _ = try await QwenLanguageModel.load(checkpoint.directory) { progress in
            last.withLock { $0 = progress }
        }
        let progress = try #require(last.withLock { $0 })
        #expect(progress.bytesRead == progress.bytesTotal)
        #expect(progress.bytesTotal > 600_000)
    }

    @Test("a cancelled task stops it")
    func cancelled() async throws {
        let checkpoint = try ScriptedCheckpoint()
        defer { checkpoint.remove() }
        let directory = checkpoint.directory
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await QwenLanguageModel.load(directory)
        }
        await #expect(throws: CancellationError.self) { try await early.value }

        // Cancelled by the first chunk that was read; the reading waits for that, however busy the machine is.
        let (chunks, continuation) = AsyncStream.makeStream(of: Void.self)
        let cancelled = DispatchSemaphore(value: 0)
        let task = Task {
            try await QwenLanguageModel.load(directory) { _ in
                continuation.yield()
                _ = cancelled.wait(timeout: .now() + 60)
                cancelled.signal()
            }
        }
        for await _ in chunks {
            task.cancel()
            break
        }
        cancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("tokens that end an answer come from everywhere")
    func stopTokens() async throws {
        let model = try await ScriptedCheckpoint(generation: ["eos_token_id": [5, 6]]).load()
        let named = ["<|im_end|>", "<|endoftext|>"].compactMap(model.tokenizer.id(of:))
        #expect(model.stopTokens == Set(named + [5, 6]))
    }
}
