/// Where the parts of a pass's memory begin, in floats.
///
/// The parts lie side by side for the rows that a pass has, not for those that it might have: a pass with one row touches a few
/// dozen kilobytes of one page, where each part's first row would be in a page of its own, which costs more than to compute it.
///
/// Three users have the end of the memory one after the other, because none of them needs what it put there once the next begins:
///
/// | user | from | until |
/// |---|---|---|
/// | a layer's attention: ``query``, ``key``, ``value`` | the products of the layer's normed input | the barrier behind the output product |
/// | its dense feed-forward block: ``gate`` | the products of the second normed input | the barrier that ends the layer |
/// | the output layer: ``logits`` | the end of the last layer | the next pass |
///
/// The others' pointers are out of reach for each: ``ForwardStep`` shows those of a user only to the file that is about it.
package struct WorkspaceLayout: Hashable {
    /// The residual stream: [rows or workers, hidden].
    package let hidden: Int
    /// Its norm: [rows or workers, hidden]. That of the last layer is there until the next pass.
    package let normed: Int
    /// What a block adds to the residual stream: [rows, hidden].
    package let delta: Int
    /// Partial results of attention, where a head's positions are shared among workers: [heads or workers, parts, partial].
    package let partials: Int
    /// For each worker, what attention over several rows needs.
    package let attentionScratch: Int

    /// Where the end begins that three users share.
    package let shared: Int
    /// [rows, heads × headDimension]. What attention found with a head's query takes its place.
    package let query: Int
    /// [rows, keyValueHeads × headDimension].
    package let key: Int
    /// [rows, keyValueHeads × headDimension].
    package let value: Int
    /// The feed-forward block's activations: [rows, intermediate].
    package let gate: Int
    /// [rows with logits, vocabulary].
    package let logits: Int

    /// Floats in all.
    package let count: Int

    package init(_ sizes: WorkspaceSizes, rows: Int) {
        let streams = (rows == 1 ? sizes.workers : rows) * sizes.hidden
        var parts = Parts()
        partials = parts.append(sizes.partials)
        attentionScratch = parts.append(sizes.workers * sizes.attentionScratchStride)
        hidden = parts.append(streams)
        normed = parts.append(streams)
        delta = parts.append(rows * sizes.hidden)
        shared = parts.end

        query = parts.append(rows * sizes.queries)
        key = parts.append(rows * sizes.keys)
        value = parts.append(rows * sizes.keys)
        let attentionEnd = parts.end

        parts.end = shared
        gate = parts.append(rows * sizes.intermediate)
        let feedForwardEnd = parts.end

        parts.end = shared
        logits = parts.append(sizes.logits)
        count = max(attentionEnd, feedForwardEnd, parts.end)
    }

    /// Puts parts side by side, each on a cache line's beginning.
    private struct Parts {
        var end = 0

        mutating func append(_ count: Int) -> Int {
            defer { end += (count + 15) / 16 * 16 }
            return end
        }
    }
}

/// A pass's memory.
struct PassMemory {
    fileprivate let base: UnsafeMutablePointer<Float>
    fileprivate let layout: WorkspaceLayout

    init(base: UnsafeMutablePointer<Float>, layout: WorkspaceLayout) {
        self.base = base
        self.layout = layout
    }

    /// [rows or workers, hidden].
    var hidden: UnsafeMutablePointer<Float> { base + layout.hidden }
    /// [rows or workers, hidden].
    var normed: UnsafeMutablePointer<Float> { base + layout.normed }
    /// [rows, hidden].
    var delta: UnsafeMutablePointer<Float> { base + layout.delta }
    /// [heads or workers, parts, partial].
    var partials: UnsafeMutablePointer<Float> { base + layout.partials }
    /// [workers, what attention needs].
    var attentionScratch: UnsafeMutablePointer<Float> { base + layout.attentionScratch }

    /// For a layer's attention alone.
    var attention: Attention { Attention(memory: self) }
    /// For a layer's dense feed-forward block alone.
    var feedForward: FeedForward { FeedForward(memory: self) }
    /// [rows with logits, vocabulary], from the end of the last layer on.
    var logits: UnsafeMutablePointer<Float> { base + layout.logits }

    /// What attention has for itself.
    struct Attention {
        fileprivate let memory: PassMemory

        /// [rows, heads × headDimension].
        var query: UnsafeMutablePointer<Float> { memory.base + memory.layout.query }
        /// [rows, keyValueHeads × headDimension].
        var key: UnsafeMutablePointer<Float> { memory.base + memory.layout.key }
        /// [rows, keyValueHeads × headDimension].
        var value: UnsafeMutablePointer<Float> { memory.base + memory.layout.value }
        /// What attention found: [rows, heads × headDimension]. Each head of a row in the place of its query, which is needed no
        /// longer by then.
        var attended: UnsafeMutablePointer<Float> { query }
    }

    /// What a feed-forward block has for itself.
    struct FeedForward {
        fileprivate let memory: PassMemory

        /// [rows, intermediate].
        var gate: UnsafeMutablePointer<Float> { memory.base + memory.layout.gate }
    }
}
