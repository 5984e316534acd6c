import Foundation
import QwenChat
import QwenModel
import QwenTokenizer
import Testing

/// The vocabulary in a GGUF file's metadata: what is wrong with it is said, by the key where the key is wrong.
@Suite("A vocabulary in GGUF's metadata")
struct GGUFVocabularyTests {
    private struct Metadata {
        var texts = ["tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"]
        var lists = [
            "tokenizer.ggml.tokens": ["a", "b", "ab", "<|im_start|>", "<|im_end|>", "[PAD]"],
            "tokenizer.ggml.merges": ["a b"],
        ]
        var numbers: [String: [Int32]] = ["tokenizer.ggml.token_type": [1, 1, 1, 3, 3, 5]]

        /// A model of one layer and width 2, all zeros, with this metadata.
        var file: [UInt8] {
            func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
                withUnsafeBytes(of: value.littleEndian) { Array($0) }
            }
            func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }
            func entry(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] { text(key) + bytes(type) + value }

            var entries = [entry("general.architecture", 8, text("qwen3"))]
            for (key, value) in [
                ("embedding_length", 2), ("block_count", 1), ("context_length", 8), ("feed_forward_length", 2),
                ("attention.head_count", 1), ("attention.head_count_kv", 1), ("attention.key_length", 2),
            ] as [(String, UInt32)] { entries.append(entry("qwen3." + key, 4, bytes(value))) }
            for (key, value) in texts { entries.append(entry(key, 8, text(value))) }
            for (key, list) in lists {
                let elements = list.flatMap(text)
                entries.append(entry(key, 9, bytes(8 as UInt32) + bytes(UInt64(list.count)) + elements))
            }
            for (key, list) in numbers {
                let elements = list.flatMap { bytes($0) }
                entries.append(entry(key, 9, bytes(5 as UInt32) + bytes(UInt64(list.count)) + elements))
            }
            let layer = [
                ("attn_norm", [2]), ("attn_q", [2, 2]), ("attn_k", [2, 2]), ("attn_v", [2, 2]),
                ("attn_output", [2, 2]),
                ("attn_q_norm", [2]), ("attn_k_norm", [2]), ("ffn_norm", [2]), ("ffn_gate", [2, 2]),
                ("ffn_up", [2, 2]),
                ("ffn_down", [2, 2]),
            ]
            let shapes =
                [("token_embd", [2, 6]), ("output_norm", [2])] + layer.map { ("blk.0.\($0.0)", $0.1) }
            var tensors: [UInt8] = []
            for (index, (name, shape)) in shapes.enumerated() {
                tensors += text(name + ".weight") + bytes(UInt32(shape.count)) + shape.flatMap { bytes(UInt64($0)) }
                // The first has 48 bytes and fills two units of 32, the others one.
                tensors += bytes(0 as UInt32) + bytes(UInt64(index == 0 ? 0 : 32 * (index + 1)))
            }
            let header =
                Array("GGUF".utf8) + bytes(3 as UInt32) + bytes(UInt64(shapes.count)) + bytes(UInt64(entries.count))
                + entries.flatMap(\.self) + tensors
            return header + [UInt8](repeating: 0, count: (32 - header.count % 32) % 32 + 32 * (shapes.count + 1))
        }
    }

    private func family(_ change: (inout Metadata) -> Void = { _ in }) throws -> ChatTemplateFamily {
        var metadata = Metadata()
        change(&metadata)
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".gguf")
        try Data(metadata.file).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try ChatTemplateFamily(checkpoint: Checkpoint(path: file.path))
    }

    private func refusal(_ change: (inout Metadata) -> Void) throws -> String? {
        do {
            _ = try family(change)
            return nil
        } catch CheckpointError.gguf(_, .missingKey(let key)) {
            return "missing " + key
        } catch CheckpointError.gguf(_, .invalidValue(let key, _)) {
            return "invalid " + key
        } catch CheckpointError.gguf(_, .unsupportedTokenizer(let key, let value)) {
            return "unsupported \(key) \(value)"
        }
    }

    @Test("is read")
    func read() throws {
        #expect(try family() == .chatML)
        // Control tokens are known by their kind: without it there are none to open a turn with.
        #expect(throws: ChatTemplateError.self) { try family { $0.numbers["tokenizer.ggml.token_type"] = nil } }
    }

    @Test("is refused by the key that is wrong")
    func keys() throws {
        let prefix = "tokenizer.ggml."
        for key in ["tokens", "merges"] {
            #expect(try refusal { $0.lists[prefix + key] = nil } == "missing " + prefix + key)
            #expect(
                try refusal {
                    $0.lists[prefix + key] = nil
                    $0.numbers[prefix + key] = [1, 2]
                } == "invalid " + prefix + key
            )
        }
        for kinds in [[], [1, 1, 1, 3, 3], [1, 1, 1, 3, 3, 5, 1]] as [[Int32]] {
            #expect(try refusal { $0.numbers[prefix + "token_type"] = kinds } == "invalid " + prefix + "token_type")
        }
        #expect(
            try refusal {
                $0.numbers[prefix + "token_type"] = nil
                $0.texts[prefix + "token_type"] = "normal"
            } == "invalid " + prefix + "token_type"
        )
        for model in ["llama", "bert", "t5", ""] {
            #expect(try refusal { $0.texts[prefix + "model"] = model } == "unsupported \(prefix)model \(model)")
        }
        for pre in ["default", "llama-bpe", "gpt-4o", ""] {
            #expect(try refusal { $0.texts[prefix + "pre"] = pre } == "unsupported \(prefix)pre \(pre)")
        }
        #expect(try refusal { $0.texts[prefix + "pre"] = nil } == "unsupported \(prefix)pre default")
    }

    @Test("is refused where tokens and merges do not fit each other")
    func contents() throws {
        func error(_ change: (inout Metadata) -> Void) throws -> TokenizerError? {
            do {
                _ = try family(change)
                return nil
            } catch let error as TokenizerError {
                return error
            }
        }
        let (tokens, merges) = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges")
        #expect(
            try error { $0.lists[merges] = ["a b", "a c"] } == .mergeOfMissingToken(rank: 1, token: "c")
        )
        #expect(try error { $0.lists[merges] = ["b a"] } == .mergeOfMissingToken(rank: 0, token: "ba"))
        for merge in ["ab", "", "a b a"] {
            #expect(try error { $0.lists[merges] = [merge] } == .malformedMerge(rank: 0), "\(merge)")
        }
        #expect(
            try error { $0.lists[merges] = ["a b", "a b"] } == .duplicateMerge(rank: 1, left: "a", right: "b")
        )
        #expect(
            try error { $0.lists[tokens] = ["a", "a", "ab", "<|im_start|>", "<|im_end|>", ""] }
                == .duplicateToken("a", firstID: 0, secondID: 1)
        )
        #expect(
            try error { $0.lists[tokens] = ["a", "b", "", "<|im_start|>", "<|im_end|>", ""] } == .emptyToken(id: 2)
        )
        #expect(
            try error { $0.lists[tokens] = ["a", "b", "ab", "<|im_start|>", "<|im_start|>", ""] }
                == .addedTokenMismatch("<|im_start|>", id: 4, otherID: 3)
        )
        #expect(
            try error { $0.lists[tokens] = ["a", "b ", "ab", "<|im_start|>", "<|im_end|>", ""] }
                == .notByteLevel(token: "b ", id: 1)
        )
        // More tokens than the model has rows: no id may lead outside of the embedding table.
        #expect(throws: (any Error).self) {
            try family {
                $0.lists[tokens]?.append("a")
                $0.numbers["tokenizer.ggml.token_type"]?.append(1)
            }
        }
    }
}
