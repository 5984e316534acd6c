import Foundation
import QwenChat
import QwenModel
import Testing

@Suite("A model with a draft")
struct DraftLoadingTests {
    @Test("answers as without one, in fewer passes")
    func answers() async throws {
        let checkpoint = try ScriptedCheckpoint(ScriptedCheckpoint.endless)
        let draft = try ScriptedCheckpoint(ScriptedCheckpoint.endless)
        defer {
            checkpoint.remove()
            draft.remove()
        }
        let engine = EngineOptions(threadCount: 1, prefillChunk: 16)
        let options = LoadingOptions(family: .qwen3Instruct2507, engine: engine, draft: draft.directory)
        let model = try await QwenLanguageModel.load(checkpoint.directory, options: options)
        #expect(model.engine.hasDraft)
        let always = Speculation(.draftModel, isAdaptive: false)
        let session = ChatSession(model, options: GenerationOptions(maxTokens: 60, temperature: 0, speculation: always))
        let reply = try await session.respond(to: "go")
        #expect(reply.text.hasPrefix("ticktick"))
        #expect(reply.usage.generatedTokens == 60)
        #expect(reply.usage.acceptedTokens > 40)
        #expect(reply.usage.acceptedTokens <= reply.usage.proposedTokens)
    }

    @Test("must have the draft's vocabulary")
    func vocabulary() async throws {
        let checkpoint = try ScriptedCheckpoint()
        let draft = try ScriptedCheckpoint(addedTokens: ScriptedCheckpoint.addedTokens.dropLast() + ["</done>"])
        defer {
            checkpoint.remove()
            draft.remove()
        }
        let options = LoadingOptions(family: .qwen3, draft: draft.directory)
        await #expect {
            _ = try await QwenLanguageModel.load(checkpoint.directory, options: options)
        } throws: { error in
            guard case .draftVocabularyDiffers(let path, _)? = error as? ModelLoadingError else { return false }
            return path == draft.directory.path
        }
    }
}
