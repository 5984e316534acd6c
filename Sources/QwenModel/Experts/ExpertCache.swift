import QwenTensor

/// The memory of experts that are read on demand, and which of them are in it.
///
/// It belongs to one forward pass and changes while the pass runs: worker 0 decides between two barriers which experts go where
/// (``ExpertSlots/arrange(layer:active:count:)``), all workers read them (``ExpertSlots/read(_:layer:active:experts:scratch:_:)``),
/// and the products after the next barrier use them. Nothing is allocated after the beginning, and no lock is taken.
final class ExpertCache {
    /// Told how often experts are read.
    let activity = ExpertActivity()
    /// The bytes of all slots.
    var byteCount: Int { memory.count }

    private let memory: AlignedBuffer<UInt8>
    private let failures = ReadingFailures()

    private let pools: UnsafeMutablePointer<ExpertPool>
    private let poolCount: Int
    private let layers: UnsafeMutablePointer<ExpertLayer?>
    private let layerCount: Int
    private var blocks: [(start: UnsafeMutablePointer<GatedBlockWeights>, count: Int)] = []
    private let slotOfExpert: AlignedBuffer<Int32>
    private let owners: AlignedBuffer<Int32>
    private let stamps: AlignedBuffer<UInt64>
    private let places: AlignedBuffer<Int32>
    private let absent: AlignedBuffer<Int32>
    private let groupEnds: AlignedBuffer<Int32>
    private let arrangement: UnsafeMutablePointer<ExpertArrangement>
    private let state: UnsafeMutablePointer<ExpertSlots>

    /// What the workers of a pass need; valid as long as the cache lives.
    var slots: UnsafePointer<ExpertSlots> { UnsafePointer(state) }

    /// Allocates the memory; nil where all experts are in memory.
    ///
    /// - Parameters:
    ///   - weights: the model's.
    ///   - panelByteCount: the working memory that each worker has for reading.
    /// - Throws: `EngineError.expertLimitTooSmall`, `.expertNotReadable`, or `TensorError`.
    init?(_ weights: ModelWeights, panelByteCount: Int) throws {
        guard case .onDemand(let byteLimit) = weights.experts, let mixture = weights.configuration.mixture else {
            return nil
        }
        let shapes = try weights.layers.indices.compactMap { layer in
            try ExpertShape(weights.layers[layer], layer: layer, panelByteCount: panelByteCount)
        }
        guard !shapes.isEmpty else { return nil }
        let plan = try ExpertSlotPlan(layers: shapes.map(\.slotByteCount), mixture, byteLimit: byteLimit)
        let slotCount = plan.pools.reduce(0) { $0 + $1.slotCount }
        memory = try AlignedBuffer(count: plan.byteCount)
        slotOfExpert = try AlignedBuffer(count: shapes.count * mixture.experts)
        owners = try AlignedBuffer(count: slotCount)
        stamps = try AlignedBuffer(count: slotCount)
        places = try AlignedBuffer(count: mixture.experts)
        absent = try AlignedBuffer(count: mixture.experts)
        groupEnds = try AlignedBuffer(count: mixture.experts + 1)
        arrangement = .allocate(capacity: 1)
        arrangement.initialize(to: ExpertArrangement())
        poolCount = plan.pools.count
        pools = .allocate(capacity: poolCount)
        layerCount = weights.layers.count
        layers = .allocate(capacity: layerCount)
        layers.initialize(repeating: nil, count: layerCount)
        state = .allocate(capacity: 1)
        state.initialize(
            to: ExpertSlots(
                layers: UnsafePointer(layers),
                slotOfExpert: slotOfExpert.baseAddress,
                places: places.baseAddress,
                absent: absent.baseAddress,
                groupEnds: groupEnds.baseAddress,
                arrangement: arrangement,
                hasUpdates: weights.matrices.contains(where: \.isUpdated),
                failures: failures,
                activity: activity
            )
        )
        var (firstSlot, offset) = (0, 0)
        var offsets: [Int] = []
        for (index, pool) in plan.pools.enumerated() {
            (pools + index).initialize(
                to: ExpertPool(
                    base: UnsafeMutableRawPointer(memory.baseAddress) + offset,
                    slotByteCount: pool.slotByteCount,
                    slotCount: pool.slotCount,
                    owners: owners.baseAddress + firstSlot,
                    stamps: stamps.baseAddress + firstSlot
                )
            )
            offsets.append(offset)
            offset += pool.slotByteCount * pool.slotCount
            firstSlot += pool.slotCount
        }
        var known: [BlockKey: UnsafeMutablePointer<GatedBlockWeights>] = [:]
        for (index, shape) in shapes.enumerated() {
            let key = BlockKey(pool: plan.poolOfLayer[index], forms: shape.forms)
            let blocks = try known[key] ?? makeBlocks(shape, plan.pools[key.pool], from: offsets[key.pool])
            known[key] = blocks
            layers[shape.layer] = ExpertLayer(
                pool: pools + key.pool,
                blocks: blocks,
                slotOf: slotOfExpert.baseAddress + index * mixture.experts,
                firstOwner: Int32(truncatingIfNeeded: index * mixture.experts),
                gate: shape.parts[0],
                up: shape.parts[1],
                down: shape.parts[2]
            )
        }
        forget()
    }

    deinit {
        for (start, count) in blocks { start.deinitialize(count: count).deallocate() }
        layers.deinitialize(count: layerCount).deallocate()
        pools.deinitialize(count: poolCount).deallocate()
        arrangement.deinitialize(count: 1).deallocate()
        state.deinitialize(count: 1).deallocate()
    }

    private struct BlockKey: Hashable {
        let pool: Int
        let forms: [StoredMatrix.Form]
    }

    /// The weights of the slots of a pool, for layers of one shape.
    private func makeBlocks(
        _ shape: ExpertShape,
        _ pool: ExpertSlotPlan.Pool,
        from offset: Int
    ) throws(TensorError) -> UnsafeMutablePointer<GatedBlockWeights> {
        var made: [GatedBlockWeights] = []
        made.reserveCapacity(pool.slotCount)
        for slot in 0..<pool.slotCount {
            let start = offset + slot * pool.slotByteCount
            func matrix(_ index: Int) throws(TensorError) -> LinearWeights {
                let form = shape.forms[index]
                let from = start + shape.parts[index].offset
                return try LinearWeights(form, in: Storage(lending: memory, from: from, byteCount: form.byteCount))
            }
            made.append(GatedBlockWeights(gate: try matrix(0), up: try matrix(1), down: try matrix(2)))
        }
        let start = UnsafeMutablePointer<GatedBlockWeights>.allocate(capacity: max(made.count, 1))
        for (index, block) in made.enumerated() { (start + index).initialize(to: block) }
        blocks.append((start, made.count))
        return start
    }

    /// Throws what kept experts from being read in the last pass, and forgets what is in memory then.
    func check() throws {
        do {
            try failures.check()
        } catch {
            forget()
            throw error
        }
    }

    /// Forgets what is in memory because the experts have other updates beside them.
    ///
    /// - Parameter hasUpdates: whether some experts have one.
    func reset(hasUpdates: Bool) {
        forget()
        guard hasUpdates || state.pointee.hasUpdates else { return }
        state.pointee.hasUpdates = hasUpdates
        for (start, count) in blocks {
            for index in 0..<count {
                let block = start[index]
                start[index] = GatedBlockWeights(
                    gate: block.gate.updated(by: nil),
                    up: block.up.updated(by: nil),
                    down: block.down.updated(by: nil)
                )
            }
        }
    }

    private func forget() {
        slotOfExpert.elements.update(repeating: -1)
        owners.elements.update(repeating: -1)
        stamps.elements.update(repeating: 0)
    }
}

/// How the experts of one layer lie in a slot.
private struct ExpertShape {
    let layer: Int
    let forms: [StoredMatrix.Form]
    let parts: [ExpertLayer.Part]
    let slotByteCount: Int

    /// - Returns: nil for a layer without experts.
    init?(_ weights: LayerWeights, layer: Int, panelByteCount: Int) throws {
        guard case .mixture(_, let experts, _) = weights.feedForward, let first = experts.first else { return nil }
        let name = "model.layers.\(layer).mlp.experts"
        let matrices = [first.gate, first.up, first.down].compactMap(\.stored)
        guard matrices.count == 3 else { throw EngineError.expertNotReadable(name: name) }
        let forms = matrices.map(\.form)
        for (index, expert) in experts.enumerated() {
            // A slot has the shape of all experts that may lie in it.
            guard [expert.gate, expert.up, expert.down].map(\.stored?.form) == forms else {
                throw EngineError.expertNotReadable(name: "\(name).\(index)")
            }
        }
        var parts: [ExpertLayer.Part] = []
        var offset = 0
        for matrix in matrices {
            let rows = matrix.pieceRows(panelByteCount: panelByteCount)
            let count = (matrix.form.outputs + rows - 1) / rows
            parts.append(ExpertLayer.Part(offset: offset, outputs: matrix.form.outputs, pieceRows: rows, pieces: count))
            offset += ExpertSlotPlan.slotByteCount([matrix.form.byteCount])
        }
        self.layer = layer
        self.forms = forms
        self.parts = parts
        slotByteCount = offset
    }
}
