import QwenTensor

/// Slots of the same size, and what is in them.
struct ExpertPool {
    let base: UnsafeMutableRawPointer
    let slotByteCount: Int
    let slotCount: Int
    /// The expert in each slot, counted through all sparse layers; -1 for none.
    let owners: UnsafeMutablePointer<Int32>
    /// When each slot was used last.
    let stamps: UnsafeMutablePointer<UInt64>
}

/// A layer whose experts are read on demand.
struct ExpertLayer {
    /// A matrix of an expert.
    struct Part {
        /// Where it begins in a slot.
        let offset: Int
        let outputs: Int
        /// The rows that are read at a time.
        let pieceRows: Int
        /// How many times.
        let pieces: Int
    }

    let pool: UnsafeMutablePointer<ExpertPool>
    /// The weights of each slot.
    let blocks: UnsafeMutablePointer<GatedBlockWeights>
    /// The slot of each expert; -1 for those that are not in memory.
    let slotOf: UnsafeMutablePointer<Int32>
    /// The number of expert 0 among those of all sparse layers.
    let firstOwner: Int32
    let gate: Part
    let up: Part
    let down: Part

    /// How many times something is read for an expert.
    var pieces: Int { gate.pieces + up.pieces + down.pieces }
}

/// Where the active experts of a layer are.
struct ExpertArrangement {
    /// Counts groups of all passes.
    var time: UInt64 = 0
    /// How many active experts were in memory; they are the first ones.
    var hits = 0
    /// In how many groups the experts are computed, because a pool does not hold all at once.
    var groups = 0
}

/// An ``ExpertCache`` as the workers of a pass use it.
struct ExpertSlots {
    let layers: UnsafePointer<ExpertLayer?>
    let slotOfExpert: UnsafeMutablePointer<Int32>
    /// The slot of each active expert.
    let places: UnsafeMutablePointer<Int32>
    /// Room for the active experts that are not in memory.
    let absent: UnsafeMutablePointer<Int32>
    /// Where among the active experts each group ends.
    let groupEnds: UnsafeMutablePointer<Int32>
    let arrangement: UnsafeMutablePointer<ExpertArrangement>
    /// Whether some experts have updates beside them.
    var hasUpdates: Bool
    let failures: ReadingFailures
    let activity: ExpertActivity
}

extension ExpertSlots {
    /// Gives every active expert a slot. Called by one worker while the others wait.
    ///
    /// Those that are in memory come first, so that they can be computed while the system reads the others. Where there are more
    /// than slots, groups of them take the slots in turns. Who was used longest ago makes way.
    ///
    /// - Parameters:
    ///   - index: the layer.
    ///   - active: the experts, which are put in another order.
    ///   - count: how many.
    /// - Complexity: O(experts that are not in memory · slots)
    func arrange(
        layer index: Int,
        active: UnsafeMutablePointer<Int32>,
        count: Int
    ) {
        guard let layer = layers[index] else { return }
        let pool = layer.pool.pointee
        var time = arrangement.pointee.time &+ 1
        var hits = 0
        var misses = 0
        for index in 0..<count {
            let expert = active[index]
            let slot = layer.slotOf[Int(expert)]
            if slot >= 0 {
                active[hits] = expert
                places[hits] = slot
                pool.stamps[Int(slot)] = time
                hits += 1
            } else {
                absent[misses] = expert
                misses += 1
            }
        }
        var free = pool.slotCount - hits
        var group = 0
        groupEnds[0] = Int32(truncatingIfNeeded: hits)
        for miss in 0..<misses {
            if free == 0 {
                time &+= 1
                free = pool.slotCount
                group += 1
            }
            let expert = absent[miss]
            let slot = leastRecentlyUsed(pool)
            if pool.owners[slot] >= 0 { slotOfExpert[Int(pool.owners[slot])] = -1 }
            pool.owners[slot] = layer.firstOwner + expert
            pool.stamps[slot] = time
            layer.slotOf[Int(expert)] = Int32(truncatingIfNeeded: slot)
            active[hits + miss] = expert
            places[hits + miss] = Int32(truncatingIfNeeded: slot)
            free -= 1
            groupEnds[group] = Int32(truncatingIfNeeded: hits + miss + 1)
        }
        arrangement.pointee = ExpertArrangement(time: time, hits: hits, groups: group + 1)
        activity.note(used: count, read: misses)
    }

    private func leastRecentlyUsed(_ pool: ExpertPool) -> Int {
        var best = 0
        for slot in 1..<max(pool.slotCount, 1) where pool.stamps[slot] < pool.stamps[best] { best = slot }
        return best
    }

    /// Gives the weights of a slot the update of an expert, or none.
    private func update(_ block: UnsafeMutablePointer<GatedBlockWeights>, like expert: UnsafePointer<GatedBlockWeights>)
    {
        block.pointee = GatedBlockWeights(
            gate: block.pointee.gate.updated(like: expert.pointee.gate),
            up: block.pointee.up.updated(like: expert.pointee.up),
            down: block.pointee.down.updated(like: expert.pointee.down)
        )
    }

    /// The active experts of a group.
    func range(ofGroup group: Int) -> Range<Int> {
        (group == 0 ? 0 : Int(groupEnds[group - 1]))..<Int(groupEnds[group])
    }

    /// Those of a group that have to be read.
    func absent(inGroup group: Int) -> Range<Int> {
        let range = range(ofGroup: group)
        return max(range.lowerBound, arrangement.pointee.hits)..<range.upperBound
    }

    /// The weights of an active expert.
    func block(_ index: Int, layer: Int) -> UnsafePointer<GatedBlockWeights>? {
        layers[layer].map { UnsafePointer($0.blocks + Int(places[index])) }
    }

    // MARK: Reading

    /// How many pieces ahead of those that are read the system is told what comes: a megabyte or two, enough to keep a drive busy.
    ///
    /// Measured without file cache, 30B-A3B's shape with a quarter of the experts in memory: 59 tokens a second, 48 with no
    /// lookahead; of a long prompt 749, and 503 with all experts at once, since the system then asks the drive for the last of them
    /// before anything is computed. With everything in the file cache it makes no difference.
    private static let lookahead = 16

    /// Tells the system what will be read first for a layer. All workers call it.
    func prefetch(
        layer: Int,
        count: Int,
        active: UnsafePointer<Int32>,
        experts: UnsafePointer<GatedBlockWeights>,
        _ worker: inout Worker
    ) {
        let hits = arrangement.pointee.hits
        guard hits < count, let layer = layers[layer] else { return }
        let pieces = min((count - hits) * layer.pieces, Self.lookahead)
        while let claimed = worker.nextRange(of: pieces, chunk: 1) {
            prefetch(hits * layer.pieces + claimed.lowerBound, of: layer, active, experts)
        }
    }

    private func prefetch(
        _ piece: Int,
        of layer: ExpertLayer,
        _ active: UnsafePointer<Int32>,
        _ experts: UnsafePointer<GatedBlockWeights>
    ) {
        guard let piece = self.piece(piece, of: layer, active, experts) else { return }
        piece.matrix.prefetch(piece.rows)
    }

    /// Reads active experts into their slots. All workers call it, and the experts are there after the next barrier.
    ///
    /// What cannot be read is zero, and ``ExpertCache/check()`` throws why.
    ///
    /// - Parameters:
    ///   - range: which of the active experts.
    ///   - count: how many are active.
    ///   - layer: the layer.
    ///   - active: the active experts.
    ///   - experts: all of the layer.
    ///   - scratch: the workers' panels.
    ///   - worker: the calling worker.
    func read(
        _ range: Range<Int>,
        of count: Int,
        layer: Int,
        active: UnsafePointer<Int32>,
        experts: UnsafePointer<GatedBlockWeights>,
        scratch: LinearScratch,
        _ worker: inout Worker
    ) {
        guard let layer = layers[layer] else { return }
        // Only now: until the last barrier the slots were those of the experts before.
        if hasUpdates, worker.index == 0 {
            for index in range { update(layer.blocks + Int(places[index]), like: experts + Int(active[index])) }
        }
        let panel = UnsafeMutableRawPointer(scratch.panel(worker.index))
        while let claimed = worker.nextRange(of: range.count * layer.pieces, chunk: 1) {
            let index = range.lowerBound * layer.pieces + claimed.lowerBound
            if index + Self.lookahead < count * layer.pieces {
                prefetch(index + Self.lookahead, of: layer, active, experts)
            }
            guard let piece = piece(index, of: layer, active, experts) else { continue }
            do {
                try piece.matrix.read(piece.rows, into: piece.memory, panel: panel)
            } catch {
                failures.record(error)
            }
        }
    }

    /// Rows of an active expert that are read at a time.
    private struct Piece {
        let matrix: StoredMatrix
        let rows: Range<Int>
        /// Where the matrix begins in the expert's slot.
        let memory: UnsafeMutableRawPointer
    }

    /// A piece, counted through the active experts, in the order in which they lie in the files.
    private func piece(
        _ number: Int,
        of layer: ExpertLayer,
        _ active: UnsafePointer<Int32>,
        _ experts: UnsafePointer<GatedBlockWeights>
    ) -> Piece? {
        var (index, piece) = number.quotientAndRemainder(dividingBy: layer.pieces)
        let expert = experts + Int(active[index])
        let slot = layer.pool.pointee.base + Int(places[index]) * layer.pool.pointee.slotByteCount
        let part: ExpertLayer.Part
        let matrix: StoredMatrix?
        if piece < layer.gate.pieces {
            (part, matrix) = (layer.gate, expert.pointee.gate.stored)
        } else if piece < layer.gate.pieces + layer.up.pieces {
            piece -= layer.gate.pieces
            (part, matrix) = (layer.up, expert.pointee.up.stored)
        } else {
            piece -= layer.gate.pieces + layer.up.pieces
            (part, matrix) = (layer.down, expert.pointee.down.stored)
        }
        guard let matrix else { return nil }
        let first = piece * part.pieceRows
        let rows = first..<min(first + part.pieceRows, part.outputs)
        return Piece(matrix: matrix, rows: rows, memory: slot + part.offset)
    }
}
