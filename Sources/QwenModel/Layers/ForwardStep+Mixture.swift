import QwenTensor

/// The memory and sizes of a mixture, as the workers use them; pointers into a `MixtureWorkspace`.
struct MixtureMemory {
    let experts: Int
    let expertsPerToken: Int
    let intermediate: Int
    let normalizes: Bool
    let routing: UnsafeMutablePointer<Float>
    let chosen: UnsafeMutablePointer<Int32>
    let weights: UnsafeMutablePointer<Float>
    let slots: UnsafeMutablePointer<Int32>
    let rows: UnsafeMutablePointer<Int32>
    let firstSlot: UnsafeMutablePointer<Int32>
    let active: UnsafeMutablePointer<Int32>
    let activeCount: UnsafeMutablePointer<Int32>
    let inputs: UnsafeMutablePointer<Float>
    let gate: UnsafeMutablePointer<Float>
    let outputs: UnsafeMutablePointer<Float>
    /// 0 where no expert is for all tokens.
    let sharedIntermediate: Int
    let sharedWeights: UnsafeMutablePointer<Float>
    let sharedGate: UnsafeMutablePointer<Float>

    init(_ workspace: MixtureWorkspace, _ mixture: MixtureOfExperts) {
        experts = mixture.experts
        expertsPerToken = mixture.expertsPerToken
        intermediate = mixture.intermediateSize
        normalizes = mixture.normalizesTopK
        routing = workspace.routing.baseAddress
        chosen = workspace.chosen.baseAddress
        weights = workspace.weights.baseAddress
        slots = workspace.slots.baseAddress
        rows = workspace.rows.baseAddress
        firstSlot = workspace.firstSlot.baseAddress
        active = workspace.active.baseAddress
        activeCount = workspace.activeCount.baseAddress
        inputs = workspace.inputs.baseAddress
        gate = workspace.gate.baseAddress
        outputs = workspace.outputs.baseAddress
        sharedIntermediate = mixture.sharedIntermediateSize ?? 0
        sharedWeights = workspace.sharedWeights.baseAddress
        sharedGate = workspace.sharedGate.baseAddress
    }
}

extension ForwardStep {
    /// A mixture of experts: the slots of each expert are computed together, and the next norm adds the outputs up.
    ///
    /// Source: transformers' `Qwen3MoeSparseMoeBlock`: softmax over all experts in float32, the k largest, renormalised if
    /// the model says so; and `Qwen2MoeSparseMoeBlock`: beside them one expert for all tokens, behind a sigmoid.
    func mixtureBlock(
        _ router: UnsafePointer<LinearWeights>,
        _ experts: UnsafePointer<GatedBlockWeights>,
        _ shared: UnsafePointer<SharedExpertWeights>?,
        _ memory: MixtureMemory,
        layer: Int,
        _ worker: inout Worker
    ) {
        // Rows alone: which experts a token has must not depend on the tokens beside it, and the router is floats.
        multiply(
            router.pointee,
            x: blockInput(worker),
            ldx: shape.hidden,
            rows: rows,
            y: memory.routing,
            ldy: memory.experts,
            rowsAlone: true,
            &worker
        )
        // Before the block's prepared input gives way to that of the experts' slots.
        if let shared { beginShared(shared, memory, &worker) }
        worker.barrier()
        for row in worker.range(of: rows) {
            choose(row: row, memory)
            if shared != nil { memory.sharedWeights[row] = Self.sigmoid(memory.sharedWeights[row]) }
        }
        worker.barrier()
        if worker.index == 0 {
            sortByExpert(memory)
            expertSlots?.pointee.arrange(layer: layer, active: memory.active, count: Int(memory.activeCount.pointee))
        }
        worker.barrier()
        gather(memory, worker)
        let activeCount = Int(memory.activeCount.pointee)
        expertSlots?.pointee.prefetch(
            layer: layer,
            count: activeCount,
            active: memory.active,
            experts: experts,
            &worker
        )
        worker.barrier()

        // Experts that are read on demand may not be in memory all at once.
        let groups = expertSlots?.pointee.arrangement.pointee.groups ?? 1
        for group in 0..<groups {
            let active = expertSlots?.pointee.range(ofGroup: group) ?? 0..<activeCount
            let absent = expertSlots?.pointee.absent(inGroup: group) ?? active.upperBound..<active.upperBound
            // The memory is that of the group before.
            if group > 0 { worker.barrier() }
            multiplyGated(active.lowerBound..<absent.lowerBound, of: experts, memory, layer: layer, &worker)
            if let expertSlots, !absent.isEmpty {
                expertSlots.pointee.read(
                    absent,
                    of: activeCount,
                    layer: layer,
                    active: memory.active,
                    experts: experts,
                    scratch: scratch,
                    &worker
                )
                worker.barrier()
                multiplyGated(absent, of: experts, memory, layer: layer, &worker)
            }
            worker.barrier()
            if preparesInputs {
                prepareActivations(active, isAll: groups == 1, memory, &worker)
                if shared != nil, group == 0 { prepareShared(memory, worker) }
                worker.barrier()
            }
            multiplyDown(active, of: experts, memory, layer: layer, &worker)
        }
        if let shared { finishShared(shared, memory, &worker) }
    }

    /// The weights of an active expert.
    @inline(__always)
    private func block(
        _ index: Int,
        of experts: UnsafePointer<GatedBlockWeights>,
        _ memory: MixtureMemory,
        layer: Int
    ) -> UnsafePointer<GatedBlockWeights> {
        expertSlots?.pointee.block(index, layer: layer) ?? experts + Int(memory.active[index])
    }

    /// The first half of the work of some active experts.
    ///
    /// A task is a piece of one expert's outputs, so that one expert with most of the rows is still shared.
    private func multiplyGated(
        _ active: Range<Int>,
        of experts: UnsafePointer<GatedBlockWeights>,
        _ memory: MixtureMemory,
        layer: Int,
        _ worker: inout Worker
    ) {
        let pieceSize = piece(of: experts.pointee.gate, worker)
        let pieces = (memory.intermediate + pieceSize - 1) / pieceSize
        while let claimed = worker.nextRange(of: active.count * pieces, chunk: 1) {
            let (offset, piece) = claimed.lowerBound.quotientAndRemainder(dividingBy: pieces)
            let index = active.lowerBound + offset
            let slots = slotRange(of: Int(memory.active[index]), memory)
            let block = block(index, of: experts, memory, layer: layer)
            let outputs = piece * pieceSize..<min((piece + 1) * pieceSize, memory.intermediate)
            multiplyGated(
                gate: block.pointee.gate,
                up: block.pointee.up,
                outputs: outputs,
                x: memory.inputs + slots.lowerBound * shape.hidden,
                rows: slots.count,
                y: memory.gate + slots.lowerBound * memory.intermediate,
                ldy: memory.intermediate,
                slot: slots.lowerBound,
                worker
            )
        }
    }

    /// Brings the activations of some active experts into the forms that weights want.
    private func prepareActivations(
        _ active: Range<Int>,
        isAll: Bool,
        _ memory: MixtureMemory,
        _ worker: inout Worker
    ) {
        func prepare(_ slot: Int) {
            scratch.prepare(memory.gate + slot * memory.intermediate, inputs: memory.intermediate, slot: slot)
        }
        if isAll {
            for slot in worker.range(of: rows * memory.expertsPerToken) { prepare(slot) }
        } else {
            // The inputs of the others are still to be used, and lie where their activations will.
            while let claimed = worker.nextRange(of: active.count, chunk: 1) {
                let expert = Int(memory.active[active.lowerBound + claimed.lowerBound])
                for slot in slotRange(of: expert, memory) { prepare(slot) }
            }
        }
    }

    /// The second half.
    private func multiplyDown(
        _ active: Range<Int>,
        of experts: UnsafePointer<GatedBlockWeights>,
        _ memory: MixtureMemory,
        layer: Int,
        _ worker: inout Worker
    ) {
        let pieceSize = piece(of: experts.pointee.down, worker)
        let pieces = (shape.hidden + pieceSize - 1) / pieceSize
        while let claimed = worker.nextRange(of: active.count * pieces, chunk: 1) {
            let (offset, piece) = claimed.lowerBound.quotientAndRemainder(dividingBy: pieces)
            let index = active.lowerBound + offset
            let slots = slotRange(of: Int(memory.active[index]), memory)
            multiply(
                block(index, of: experts, memory, layer: layer).pointee.down,
                outputs: piece * pieceSize..<min((piece + 1) * pieceSize, shape.hidden),
                x: memory.gate + slots.lowerBound * memory.intermediate,
                ldx: memory.intermediate,
                rows: slots.count,
                y: memory.outputs + slots.lowerBound * shape.hidden,
                ldy: shape.hidden,
                slot: slots.lowerBound,
                worker
            )
        }
    }

    /// Adds the weighted outputs of a row's experts, in the order of their weights.
    func addExperts(row: Int, to stream: UnsafeMutablePointer<Float>) {
        guard let mixture else { return }
        for choice in row * mixture.expertsPerToken..<(row + 1) * mixture.expertsPerToken {
            let output = mixture.outputs + Int(mixture.slots[choice]) * shape.hidden
            kernels.add(output, times: mixture.weights[choice], to: stream, count: shape.hidden)
        }
        if mixture.sharedIntermediate > 0 {
            kernels.add(
                delta + row * shape.hidden,
                times: mixture.sharedWeights[row],
                to: stream,
                count: shape.hidden
            )
        }
    }

    /// How many outputs of an expert's matrix one task computes. Pieces are sized for the largest group of rows, which
    /// decides whether a piece goes through BLAS.
    private func piece(of weights: borrowing LinearWeights, _ worker: borrowing Worker) -> Int {
        Linear.chunk(weights, rows: rows, workers: worker.count, scratch: scratch)
    }

    private func slotRange(of expert: Int, _ memory: MixtureMemory) -> Range<Int> {
        Int(memory.firstSlot[expert])..<Int(memory.firstSlot[expert + 1])
    }

    /// Chooses a row's experts: the most probable, best first.
    private func choose(row: Int, _ memory: MixtureMemory) {
        let probabilities = memory.routing + row * memory.experts
        kernels.softmax(probabilities, count: memory.experts)
        let chosen = memory.chosen + row * memory.expertsPerToken
        let weights = memory.weights + row * memory.expertsPerToken
        var sum: Float = 0
        for choice in 0..<memory.expertsPerToken {
            let best = kernels.indexOfMaximum(probabilities, count: memory.experts)
            chosen[choice] = Int32(truncatingIfNeeded: best)
            weights[choice] = probabilities[best]
            sum += probabilities[best]
            probabilities[best] = -1  // below every probability: not chosen again
        }
        guard memory.normalizes, sum > 0 else { return }
        for choice in 0..<memory.expertsPerToken {
            weights[choice] /= sum
        }
    }

    /// Gives every choice a slot, the slots of an expert side by side in the order of the rows.
    private func sortByExpert(_ memory: MixtureMemory) {
        let first = memory.firstSlot
        first.update(repeating: 0, count: memory.experts + 1)
        let choices = rows * memory.expertsPerToken
        for choice in 0..<choices {
            first[Int(memory.chosen[choice]) + 1] += 1
        }
        var active: Int32 = 0
        for expert in 0..<memory.experts {
            if first[expert + 1] > 0 {
                memory.active[Int(active)] = Int32(truncatingIfNeeded: expert)
                active += 1
            }
            first[expert + 1] += first[expert]
        }
        memory.activeCount.pointee = active
        for choice in 0..<choices {
            let expert = Int(memory.chosen[choice])
            let slot = Int(first[expert])
            memory.slots[choice] = Int32(truncatingIfNeeded: slot)
            memory.rows[slot] = Int32(truncatingIfNeeded: choice / memory.expertsPerToken)
            first[expert] += 1
        }
        // Each first slot has moved to the next expert's: move them back.
        for expert in stride(from: memory.experts, to: 0, by: -1) {
            first[expert] = first[expert - 1]
        }
        first[0] = 0
    }

    /// Copies each slot's input beside those of the same expert.
    private func gather(_ memory: MixtureMemory, _ worker: borrowing Worker) {
        let source = blockInput(worker)
        for slot in worker.range(of: rows * memory.expertsPerToken) {
            (memory.inputs + slot * shape.hidden)
                .update(from: source + Int(memory.rows[slot]) * shape.hidden, count: shape.hidden)
            if preparesInputs {
                scratch.prepare(memory.inputs + slot * shape.hidden, inputs: shape.hidden, slot: slot)
            }
        }
    }
}
