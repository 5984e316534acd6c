extension Vocabulary {
    /// Encodes a text and lends the ids.
    ///
    /// - Parameters:
    ///   - text: well-formed UTF-8.
    ///   - scaffold: where added tokens are recognised: ranges in order that do not touch.
    ///   - body: gets the ids.
    /// - Returns: what `body` returns.
    func withEncoding<Result>(
        of text: UnsafeBufferPointer<UInt8>,
        scaffold: [Range<Int>],
        _ body: (borrowing TokenBuffer) -> Result
    ) -> Result {
        tokens.withView { tokens in
            words.withView { words in
                rules.withView { rules in
                    characters.withView { characters in
                        var encoder = TextEncoder(
                            tokens: tokens,
                            words: words,
                            rules: rules,
                            characters: characters,
                            wordRules: wordRules,
                            textLength: text.count
                        )
                        encode(text, scaffold: scaffold, with: &encoder)
                        return body(encoder.output)
                    }
                }
            }
        }
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, scaffold: [Range<Int>], with encoder: inout TextEncoder) {
        guard let base = text.baseAddress else { return }
        var runStart = 0
        if !rawMatcher.isEmpty {
            for range in scaffold {
                var position = range.lowerBound
                while let match = rawMatcher.firstMatch(in: base, position..<range.upperBound) {
                    encodeRun(text, runStart..<match.range.lowerBound, scaffold: scaffold, with: &encoder)
                    encoder.append(match.id)
                    position = match.range.upperBound
                    runStart = position
                }
            }
        }
        encodeRun(text, runStart..<text.count, scaffold: scaffold, with: &encoder)
    }

    /// Encodes what stands between two added tokens.
    private func encodeRun(
        _ text: UnsafeBufferPointer<UInt8>,
        _ run: Range<Int>,
        scaffold: [Range<Int>],
        with encoder: inout TextEncoder
    ) {
        guard let base = text.baseAddress, !run.isEmpty else { return }
        let source = UnsafeBufferPointer(rebasing: text[run])
        var composition = CanonicalComposition(tables: UnicodeTables())
        if normalizes, let normalized = composition.normalize(source) {
            encoder.forgetText()
            normalized.bytes.withUnsafeBufferPointer { bytes in
                encodeNormalized(bytes, scaffold: scaffold, with: &encoder) { part in
                    let source = normalized.source(of: part)
                    return run.lowerBound + source.lowerBound..<run.lowerBound + source.upperBound
                }
            }
            encoder.forgetText()
        } else if normalizedMatcher.isEmpty {
            encoder.encode(base + run.lowerBound, count: run.count)
        } else {
            encodeNormalized(source, scaffold: scaffold, with: &encoder) { part in
                run.lowerBound + part.lowerBound..<run.lowerBound + part.upperBound
            }
        }
    }

    /// Encodes normalised text, in which the tokens that are sought after normalisation are recognised where all of
    /// the text that they came from is scaffold.
    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>,
        scaffold: [Range<Int>],
        with encoder: inout TextEncoder,
        source: (Range<Int>) -> Range<Int>
    ) {
        guard let base = text.baseAddress else { return }
        var runStart = 0
        if !normalizedMatcher.isEmpty, !scaffold.isEmpty {
            var position = 0
            while let match = normalizedMatcher.firstMatch(in: base, position..<text.count) {
                guard isWithin(scaffold, source(match.range)) else {
                    position = match.range.lowerBound + 1
                    continue
                }
                encoder.encode(base + runStart, count: match.range.lowerBound - runStart)
                encoder.append(match.id)
                position = match.range.upperBound
                runStart = position
            }
        }
        encoder.encode(base + runStart, count: text.count - runStart)
    }

    private func isWithin(_ ranges: [Range<Int>], _ part: Range<Int>) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < part.upperBound { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= part.lowerBound
    }
}
