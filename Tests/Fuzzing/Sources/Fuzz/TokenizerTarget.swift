import QwenTokenizer

/// `tokenizer.json`, and, where it is one, a text that goes there and back.
enum TokenizerTarget {
    private static let text = "Hello, wörld!  <|im_start|>123\r\n\u{1F469}\u{200D}\u{1F680} \u{1100}\u{1161}"

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let tokenizer = try? Tokenizer(tokenizerJSON: Array(input)) else { return }
        for handling in [Tokenizer.AddedTokenHandling.recognized, .disabled] {
            let ids = tokenizer.encode(text, addedTokens: handling)
            precondition(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) }, "An id beyond the vocabulary.")
            var decoder = StreamingDecoder(tokenizer)
            var streamed = ""
            for id in ids { streamed += (try? decoder.append(id)) ?? "" }
            streamed += decoder.finish()
            guard let whole = try? tokenizer.decode(ids) else {
                preconditionFailure("An encoded text has no decoding.")
            }
            precondition(whole.utf8.elementsEqual(streamed.utf8), "Decoding piece by piece gives another text.")
        }
    }
}
