extension Tokenizer {
    /// The ids of a prompt whose parts come from different hands.
    ///
    /// An added token is recognised only where the whole of its text lies in scaffold; adjoining scaffold segments count
    /// as one. What lies between two added tokens is one text to normalisation and the pre-tokeniser, whatever segments
    /// it is made of, so that the ids are those of the joined text wherever no content holds an added token's text.
    ///
    /// - Parameter segments: the prompt's parts, in order.
    /// - Returns: the ids, in order.
    /// - Complexity: as for ``encode(_:addedTokens:)`` of the joined text.
    public func encode(segments: [PromptSegment]) -> [Int] {
        var text: [UInt8] = []
        var scaffold: [Range<Int>] = []
        for segment in segments {
            let start = text.count
            text.append(contentsOf: segment.text.utf8)
            guard segment.kind == .scaffold, text.count > start else { continue }
            if let last = scaffold.last, last.upperBound == start {
                scaffold[scaffold.count - 1] = last.lowerBound..<text.count
            } else {
                scaffold.append(start..<text.count)
            }
        }
        return text.withUnsafeBufferPointer { text in
            vocabulary.withEncoding(of: text, scaffold: scaffold) { $0.array() }
        }
    }
}
