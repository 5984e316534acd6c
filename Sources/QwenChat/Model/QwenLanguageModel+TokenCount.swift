import QwenTokenizer

extension QwenLanguageModel {
    /// How many tokens a conversation has, as this model's template writes it for an answer.
    ///
    /// - Parameters:
    ///   - messages: the conversation.
    ///   - tools: what the model may call.
    /// - Returns: tokens, the opening of the answer's turn included.
    /// - Throws: ``ChatTemplateError`` for a conversation that the template has no form for.
    /// - Complexity: O(n) in the size of the conversation.
    public func tokenCount(for messages: [Message], tools: [ToolDefinition] = []) throws(ChatTemplateError) -> Int {
        tokenizer.encode(segments: try template.render(messages, tools: tools).segments).count
    }
}
