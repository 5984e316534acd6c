internal import CQwenEmbedded
public import QwenModel

extension Checkpoint {
    /// The checkpoint that is part of the program: a Qwen3 of 3.5 million parameters, trained for this package.
    ///
    /// It shows how a hybrid model behaves (thinking, budgets, tool calls, JSON) on the few tasks that it was trained
    /// for, and knows nothing of the world. Source: `Examples/EmbeddedModel`, with the model card.
    ///
    /// - Throws: ``CheckpointError``, if the program was built with other files than the package's.
    /// - Complexity: O(size of the headers), some ten thousand bytes; the weights are not touched.
    public static var embedded: Checkpoint {
        get throws(CheckpointError) {
            var files: [String: UnsafeRawBufferPointer] = [:]
            for index in 0..<qwen_embedded_file_count() {
                let file = qwen_embedded_file_at(index)
                files[String(cString: file.name)] = UnsafeRawBufferPointer(start: file.bytes, count: file.byte_count)
            }
            return try Checkpoint(EmbeddedFiles(name: "(embedded)", files))
        }
    }
}
