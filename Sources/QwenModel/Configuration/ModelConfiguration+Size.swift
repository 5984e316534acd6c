public import QwenTensor

extension ModelConfiguration {
    /// The bytes that the weights take when all of them are stored as one type, rounded up to whole blocks.
    ///
    /// - Parameter elementType: the type.
    /// - Returns: the number of bytes; the weights as a file holds them may mix types and differ.
    public func weightByteCount(storedAs elementType: ElementType) -> Int {
        // Both factors are bounded: 2^46 weights of at most a few bytes each.
        let blocks = (parameterCount + elementType.elementsPerBlock - 1) / elementType.elementsPerBlock
        return blocks * elementType.bytesPerBlock
    }

    /// The bytes that the keys and values of some tokens take over all layers.
    ///
    /// - Parameters:
    ///   - tokens: the number of tokens.
    ///   - type: the type of the keys and values.
    /// - Returns: the number of bytes, or nil where it overflows or the number of tokens is negative.
    public func keyValueByteCount(tokens: Int, storedAs type: KeyValueType) -> Int? {
        guard tokens >= 0 else { return nil }
        let row = type.rowByteCount(headDimension: headDimension)
        // Bounded: 2 · 2^12 layers · 2^12 heads · a row of 2^12 elements.
        let perToken = 2 * layerCount * keyValueHeads * row
        let (bytes, overflows) = perToken.multipliedReportingOverflow(by: tokens)
        return overflows ? nil : bytes
    }

    /// The number of weights and of those that one token passes through, or nil where a sum overflows.
    func countParameters() -> (total: Int, active: Int)? {
        let embedding = Checked(vocabularySize) * hiddenSize
        let shared = embedding * (tieWordEmbeddings ? 1 : 2) + hiddenSize

        let queries = Checked(attentionHeads) * headDimension
        let keys = Checked(keyValueHeads) * headDimension
        var attention = (queries * 2 + keys * 2) * hiddenSize + 2 * hiddenSize
        if hasQueryKeyValueBias { attention = attention + queries + keys * 2 }
        if hasAttentionOutputBias { attention = attention + hiddenSize }
        if hasQueryKeyNorm { attention = attention + 2 * headDimension }

        let dense = Checked(3) * hiddenSize * intermediateSize
        var total = shared + attention * layerCount
        var active = total
        if let mixture = mixture {
            let sparseLayers = (0..<layerCount).count { mixture.isSparse(layer: $0) }
            let expert = Checked(3) * hiddenSize * mixture.intermediateSize
            let shared = mixture.sharedIntermediateSize.map { Checked(3) * hiddenSize * $0 + hiddenSize } ?? Checked(0)
            let router = Checked(mixture.experts) * hiddenSize + shared
            total = total + (router + expert * mixture.experts) * sparseLayers + dense * (layerCount - sparseLayers)
            active =
                active + (router + expert * mixture.expertsPerToken) * sparseLayers + dense
                * (layerCount - sparseLayers)
        } else {
            total = total + dense * layerCount
            active = total
        }
        guard let total = total.value, let active = active.value else { return nil }
        return (total, active)
    }
}

/// An integer that turns to nil, instead of trapping, where a sum or product overflows.
private struct Checked {
    let value: Int?

    init(_ value: Int?) { self.value = value }

    static func + (left: Checked, right: Checked) -> Checked {
        guard let left = left.value, let right = right.value else { return Checked(nil) }
        let (sum, overflows) = left.addingReportingOverflow(right)
        return Checked(overflows ? nil : sum)
    }

    static func * (left: Checked, right: Checked) -> Checked {
        guard let left = left.value, let right = right.value else { return Checked(nil) }
        let (product, overflows) = left.multipliedReportingOverflow(by: right)
        return Checked(overflows ? nil : product)
    }

    static func + (left: Checked, right: Int) -> Checked { left + Checked(right) }

    static func * (left: Checked, right: Int) -> Checked { left * Checked(right) }
}
