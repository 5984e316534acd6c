/// Text in a normalization form, with the stretches in which it differs from the text it was made of.
struct NormalizedText {
    /// The text in UTF-8.
    private(set) var bytes: [UInt8] = []
    private var replacements: [(source: Range<Int>, result: Range<Int>)] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Appends a stretch that stays as it is.
    mutating func append(_ unchanged: Slice<UnsafeBufferPointer<UInt8>>) { bytes.append(contentsOf: unchanged) }

    /// Appends what a stretch of the source is replaced by.
    mutating func replace(_ source: Range<Int>, by body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        body(&bytes)
        replacements.append((source, start..<bytes.count))
    }

    /// The bytes of the source that a part of the text came from; a replaced stretch counts as a whole.
    ///
    /// - Complexity: O(log of the number of replaced stretches)
    func source(of part: Range<Int>) -> Range<Int> {
        source(of: part.lowerBound, end: false)..<source(of: part.upperBound, end: true)
    }

    private func source(of offset: Int, end isEnd: Bool) -> Int {
        // The first replacement that ends after the offset (at it, for an end).
        var low = 0
        var high = replacements.count
        while low < high {
            let middle = (low + high) / 2
            let resultEnd = replacements[middle].result.upperBound
            if resultEnd < offset || (resultEnd == offset && !isEnd) { low = middle + 1 } else { high = middle }
        }
        if low < replacements.count {
            let (source, result) = replacements[low]
            if offset > result.lowerBound || (offset == result.lowerBound && !isEnd) {
                return isEnd ? source.upperBound : source.lowerBound
            }
        }
        guard low > 0 else { return offset }
        let before = replacements[low - 1]
        return before.source.upperBound + (offset - before.result.upperBound)
    }
}
