internal import QwenTensor

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The tokens that are left to choose among, with their weights, and the memory to find them in.
///
/// Everything is allocated once, so that a step allocates nothing, however many tokens are left.
final class Candidates {
    struct Candidate {
        var token: Int32
        /// In proportion to the probability.
        var weight: Float
    }

    /// The number of tokens.
    let vocabularySize: Int
    private let kernels = Kernels.current
    /// A number for each token: its weight, or working space.
    private let numbers: UnsafeMutableBufferPointer<Float>
    private let candidates: UnsafeMutableBufferPointer<Candidate>
    /// Probability by the upper half of a weight's bits.
    private let histogram: UnsafeMutableBufferPointer<Double>
    /// How many candidates are left; nil where all tokens are, with their weights in `numbers`.
    private var count: Int?

    /// Entries of the histogram: weights are within 0…1, and so are their bits within those of 0 and 1.
    private static let bins = Int(Float(1).bitPattern >> 16) + 1

    /// The bytes that all of this takes.
    static func byteCount(vocabularySize: Int) -> Int {
        vocabularySize * (MemoryLayout<Float>.stride + MemoryLayout<Candidate>.stride)
            + bins * MemoryLayout<Double>.stride
    }

    init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        numbers = .allocate(capacity: vocabularySize)
        numbers.initialize(repeating: 0)
        candidates = .allocate(capacity: vocabularySize)
        candidates.initialize(repeating: Candidate(token: 0, weight: 0))
        histogram = .allocate(capacity: Self.bins)
        histogram.initialize(repeating: 0)
    }

    deinit {
        numbers.deallocate()
        candidates.deallocate()
        histogram.deallocate()
    }

    /// Finds the tokens that are left.
    ///
    /// Of the logits none is NaN or positive infinity; `maximum` is the greatest of them and finite.
    func select(_ logits: UnsafeBufferPointer<Float>, maximum: Float, _ parameters: SamplingParameters) {
        let temperature = Float(parameters.temperature)
        if parameters.topK > 0, parameters.topK < vocabularySize {
            keepLikeliest(parameters.topK, logits, maximum: maximum, temperature: temperature)
            if parameters.topP < 1 { keepNucleus(parameters.topP, of: totalWeight) }
        } else {
            for token in 0..<vocabularySize { numbers[token] = Self.scaled(logits[token], maximum, temperature) }
            if let base = numbers.baseAddress { kernels.softmax(base, count: vocabularySize) }
            count = nil
            if parameters.topP < 1 {
                let total = keepAroundNucleus(parameters.topP)
                keepNucleus(parameters.topP, of: total)
            }
        }
        if parameters.minP > 0 { keepNear(Float(parameters.minP)) }
    }

    /// Draws a token with a random number from 0 up to but not including 1.
    func draw(_ unit: Double) -> Int {
        var last = 0
        var rest = unit * totalWeight
        for position in 0..<(count ?? vocabularySize) {
            let candidate = self[position]
            guard candidate.weight > 0 else { continue }
            last = Int(candidate.token)
            rest -= Double(candidate.weight)
            if rest < 0 { break }
        }
        // Where rounding leaves a rest, the last token takes it.
        return last
    }

    /// The tokens that are left, with their probabilities.
    var probabilities: [Int: Double] {
        let total = totalWeight
        var probabilities: [Int: Double] = [:]
        for position in 0..<(count ?? vocabularySize) where self[position].weight > 0 {
            probabilities[Int(self[position].token)] = Double(self[position].weight) / total
        }
        return probabilities
    }

    private var totalWeight: Double {
        var total = 0.0
        for position in 0..<(count ?? vocabularySize) { total += Double(self[position].weight) }
        return total
    }

    private subscript(position: Int) -> Candidate {
        count == nil
            ? Candidate(token: Int32(truncatingIfNeeded: position), weight: numbers[position]) : candidates[position]
    }

    /// The exponent of a token's weight. Subtracting first keeps it from overflowing at the smallest temperatures.
    private static func scaled(_ logit: Float, _ maximum: Float, _ temperature: Float) -> Float {
        logit == maximum ? 0 : (logit - maximum) / temperature
    }
}

// MARK: Top-k

extension Candidates {
    /// Keeps the k likeliest tokens and those as likely as the last of them, in the order of their ids.
    private func keepLikeliest(_ k: Int, _ logits: UnsafeBufferPointer<Float>, maximum: Float, temperature: Float) {
        let threshold = threshold(k, logits)
        var kept = 0
        for token in 0..<vocabularySize where logits[token] >= threshold {
            let weight = exp(Self.scaled(logits[token], maximum, temperature))
            candidates[kept] = Candidate(token: Int32(truncatingIfNeeded: token), weight: weight)
            kept += 1
        }
        count = kept
    }

    /// The k-th greatest number, 0 < k ≤ how many there are, found with a heap of the k greatest so far, the least of
    /// them on top.
    ///
    /// - Complexity: O(n + m log k), where m numbers are among the k greatest when they come; for numbers in random
    ///   order that is k log(n / k) of them.
    func threshold(_ k: Int, _ values: UnsafeBufferPointer<Float>) -> Float {
        let heap = numbers
        for position in 0..<k { heap[position] = values[position] }
        for position in stride(from: k / 2 - 1, through: 0, by: -1) { Self.sink(heap, position, k) }
        for value in values[k...] where value > heap[0] {
            heap[0] = value
            Self.sink(heap, 0, k)
        }
        return heap[0]
    }

    private static func sink(_ heap: UnsafeMutableBufferPointer<Float>, _ start: Int, _ count: Int) {
        let value = heap[start]
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < count else { break }
            if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < value else { break }
            heap[position] = heap[child]
            position = child
        }
        heap[position] = value
    }
}

// MARK: Top-p and min-p

extension Candidates {
    /// Of all tokens, keeps those that can belong to the nucleus: the likeliest, down to some weight, that together
    /// reach a share of the total.
    ///
    /// The bits of positive floats are ordered as the floats are; a histogram over the upper 16 of them finds that
    /// weight without sorting the vocabulary.
    ///
    /// - Returns: the total weight of all tokens.
    private func keepAroundNucleus(_ share: Double) -> Double {
        histogram.update(repeating: 0)
        var total = 0.0
        for weight in numbers {
            // A softmax in floats can come out a rounding error above 1.
            histogram[min(Int(weight.bitPattern >> 16), histogram.count - 1)] += Double(weight)
            total += Double(weight)
        }
        var bin = histogram.count - 1
        var sum = histogram[bin]
        while sum < share * total, bin > 0 {
            bin -= 1
            sum += histogram[bin]
        }
        // One bin more, because the sums here and in `keepNucleus` are rounded differently.
        keepAbove(Float(bitPattern: UInt32(max(0, bin - 1)) << 16))
        return total
    }

    /// Keeps the likeliest candidates until their weights reach a share of a total; the likeliest first, of equals the
    /// one with the lowest id.
    ///
    /// - Complexity: O(n + m log n), where m of n candidates are kept.
    private func keepNucleus(_ share: Double, of total: Double) {
        guard let count else { return }
        // A heap with the likeliest on top; what is taken from it gathers behind it, the last first.
        for position in stride(from: count / 2 - 1, through: 0, by: -1) { sinkCandidate(position, count) }
        var remaining = count
        var sum = 0.0
        while remaining > 0, sum < share * total {
            sum += Double(candidates[0].weight)
            remaining -= 1
            candidates.swapAt(0, remaining)
            sinkCandidate(0, remaining)
        }
        candidates[remaining..<count].reverse()
        let kept = count - remaining
        if remaining > 0 {
            for position in 0..<kept { candidates[position] = candidates[remaining + position] }
        }
        self.count = kept
    }

    private func sinkCandidate(_ start: Int, _ count: Int) {
        func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
            left.weight > right.weight || (left.weight == right.weight && left.token < right.token)
        }
        guard start < count else { return }
        let candidate = candidates[start]
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < count else { break }
            if child + 1 < count, isBefore(candidates[child + 1], candidates[child]) { child += 1 }
            guard isBefore(candidates[child], candidate) else { break }
            candidates[position] = candidates[child]
            position = child
        }
        candidates[position] = candidate
    }

    /// Keeps what weighs at least this much, in the order in which it is.
    private func keepAbove(_ threshold: Float) {
        var kept = 0
        for position in 0..<(count ?? vocabularySize) {
            let candidate = self[position]
            guard candidate.weight >= threshold else { continue }
            candidates[kept] = candidate
            kept += 1
        }
        count = kept
    }

    /// Keeps what is at least this many times as likely as the likeliest.
    private func keepNear(_ ratio: Float) {
        var greatest: Float = 0
        for position in 0..<(count ?? vocabularySize) { greatest = max(greatest, self[position].weight) }
        keepAbove(ratio * greatest)
    }
}
