import QwenTensor

/// One pass of rows through the model, as every worker runs it.
///
/// All workers run the same code over the same memory and take their shares; a barrier stands where a step needs all of
/// the one before: five a layer for one row, seven for several.
///
/// Source: Qwen3 Technical Report (arXiv 2505.09388), §2; transformers' `modeling_qwen3.py`, `modeling_qwen3_moe.py` and
/// `modeling_qwen2.py` define the order of operations.
///
/// - Note: `@unchecked Sendable`: the pointers reach memory that `ForwardPass` owns and keeps while the region runs; which
///   worker writes what between two barriers is the subject of the code below.
struct ForwardStep: @unchecked Sendable {
    // The model.
    let shape: ForwardShape
    let layers: UnsafePointer<LayerPlan>
    let head: UnsafePointer<LinearWeights>
    let finalNorm: UnsafePointer<Float>
    let embeddings: UnsafePointer<LinearWeights>

    // The rows.
    let tokens: UnsafePointer<Int32>
    let rows: Int
    /// The position of the first row, where the rows are one sequence.
    let start: Int
    /// For each row its own sequence; nil where the rows are consecutive positions of one.
    let sequences: UnsafePointer<SequencePlace>?
    /// Whether every row is to have the very bits that it would have alone, because the rows after the first are guesses.
    let computesRowsAlone: Bool
    let cosines: UnsafePointer<Float>
    let sines: UnsafePointer<Float>

    // The cache.
    let layout: KeyValueLayout
    /// The pages of the rows' sequence, where there is one.
    let pages: UnsafePointer<UnsafeRawPointer>

    // Memory.
    let memory: PassMemory
    let attentionScratchStride: Int
    let maximumParts: Int
    let mixture: MixtureMemory?
    /// Where experts are that are read on demand; nil where all are in memory.
    let expertSlots: UnsafePointer<ExpertSlots>?
    let scratch: LinearScratch
    let preparesInputs: Bool
    let stop: UnsafeMutablePointer<Bool>
    let cancellation: CancellationFlag

    let kernels = Kernels.current

    /// The residual stream.
    var hidden: UnsafeMutablePointer<Float> { memory.hidden }
    /// Its norm.
    var normed: UnsafeMutablePointer<Float> { memory.normed }
    /// What a block adds to the stream.
    var delta: UnsafeMutablePointer<Float> { memory.delta }

    /// Whether each worker has the residual stream for itself.
    var isPrivate: Bool { rows == 1 }

    /// Runs all layers, and the output layer on the last row if asked to.
    func run(_ worker: inout Worker, logitsOfLastRow: Bool) {
        embed(worker)
        for layer in 0..<shape.layers {
            let plan = layers + layer
            attentionBlock(plan, layer: layer, &worker)
            feedForwardBlock(plan, layer: layer, &worker)
            if worker.index == 0 {
                // Seen by the others after the barrier, and not written again before the next layer's.
                stop.pointee = cancellation.isRaised
            }
            worker.barrier()
            if stop.pointee { return }
        }
        let last = layers + (shape.layers - 1)
        normalize(finalNorm, adding: residual(after: last), &worker)
        guard logitsOfLastRow else { return }
        project(first: rows - 1, count: 1, &worker)
    }

    /// Computes the logits of rows whose final norm is in `normed`.
    func project(first: Int, count: Int, _ worker: inout Worker) {
        let x = isPrivate ? privateRow(normed, worker) : normed + first * shape.hidden
        if preparesInputs, !isPrivate {
            for row in worker.range(of: count) {
                scratch.prepare(x + row * shape.hidden, inputs: shape.hidden, slot: row)
            }
            worker.barrier()
        }
        multiply(
            head.pointee,
            x: x,
            ldx: shape.hidden,
            rows: count,
            y: memory.logits,
            ldy: shape.vocabulary,
            &worker
        )
    }

    // MARK: The residual stream

    /// What the last step left to be added to the residual stream.
    enum Residual {
        case none
        /// The rows of `delta`.
        case delta
        /// The experts' outputs, weighted; that of the one for all tokens is in `delta`.
        case experts
    }

    func residual(after plan: UnsafePointer<LayerPlan>) -> Residual {
        plan.pointee.experts == nil ? .delta : .experts
    }

    @inline(__always)
    func privateRow(_ base: UnsafeMutablePointer<Float>, _ worker: borrowing Worker) -> UnsafeMutablePointer<Float> {
        base + worker.index * shape.hidden
    }

    private func embed(_ worker: borrowing Worker) {
        if isPrivate {
            embed(row: 0, into: privateRow(hidden, worker))
        } else {
            for row in worker.range(of: rows) {
                embed(row: row, into: hidden + row * shape.hidden)
            }
        }
    }

    private func embed(row: Int, into destination: UnsafeMutablePointer<Float>) {
        let id = Int(tokens[row])
        embeddings.pointee.decode(rows: id..<id + 1, into: destination)
    }

    /// Adds what is left to add, and fills `normed`. With several rows, ends with a barrier.
    func normalize(_ weight: UnsafePointer<Float>, adding residual: Residual, _ worker: inout Worker) {
        if isPrivate {
            let stream = privateRow(hidden, worker)
            add(residual, row: 0, to: stream)
            kernels.rmsNorm(
                stream,
                weight: weight,
                epsilon: shape.epsilon,
                count: shape.hidden,
                y: privateRow(normed, worker)
            )
            if preparesInputs { scratch.prepare(privateRow(normed, worker), inputs: shape.hidden, slot: worker.index) }
        } else {
            // The same rows belong to the same worker each time, so that nobody waits before this.
            for row in worker.range(of: rows) {
                let stream = hidden + row * shape.hidden
                add(residual, row: row, to: stream)
                kernels.rmsNorm(
                    stream,
                    weight: weight,
                    epsilon: shape.epsilon,
                    count: shape.hidden,
                    y: normed + row * shape.hidden
                )
                if preparesInputs { scratch.prepare(normed + row * shape.hidden, inputs: shape.hidden, slot: row) }
            }
            worker.barrier()
        }
    }

    private func add(_ residual: Residual, row: Int, to stream: UnsafeMutablePointer<Float>) {
        switch residual {
        case .none:
            break
        case .delta:
            kernels.add(delta + row * shape.hidden, to: stream, count: shape.hidden)
        case .experts:
            addExperts(row: row, to: stream)
        }
    }

    /// The input of a block's matrix products: this worker's own row, or all rows.
    @inline(__always)
    func blockInput(_ worker: borrowing Worker) -> UnsafePointer<Float> {
        UnsafePointer(isPrivate ? privateRow(normed, worker) : normed)
    }

    /// Where a product's input lies in the forms that weights want.
    @inline(__always)
    func inputSlot(_ worker: borrowing Worker) -> Int { isPrivate ? worker.index : 0 }

    /// Brings a complete input into the forms that weights want. One row is everybody's own work; several are shared, with a barrier after them.
    func prepare(_ x: UnsafePointer<Float>, inputs: Int, _ worker: inout Worker) {
        guard preparesInputs else { return }
        if isPrivate {
            scratch.prepare(x, inputs: inputs, slot: worker.index)
        } else {
            for row in worker.range(of: rows) { scratch.prepare(x + row * inputs, inputs: inputs, slot: row) }
            worker.barrier()
        }
    }

    // MARK: Feed-forward

    private func feedForwardBlock(_ plan: UnsafePointer<LayerPlan>, layer: Int, _ worker: inout Worker) {
        normalize(plan.pointee.feedForwardNorm, adding: .delta, &worker)
        if let dense = plan.pointee.dense {
            denseBlock(dense, &worker)
        } else if let router = plan.pointee.router, let experts = plan.pointee.experts, let mixture {
            mixtureBlock(router, experts, plan.pointee.shared, mixture, layer: layer, &worker)
        }
    }

    /// delta = down(silu(gate(x)) · up(x)); complete after the caller's barrier.
    private func denseBlock(_ block: UnsafePointer<GatedBlockWeights>, _ worker: inout Worker) {
        let gate = memory.feedForward.gate
        multiplyGated(
            gate: block.pointee.gate,
            up: block.pointee.up,
            x: blockInput(worker),
            rows: rows,
            y: gate,
            ldy: shape.intermediate,
            &worker
        )
        worker.barrier()
        prepare(gate, inputs: shape.intermediate, &worker)
        multiply(
            block.pointee.down,
            x: gate,
            ldx: shape.intermediate,
            rows: rows,
            y: delta,
            ldy: shape.hidden,
            &worker
        )
    }
}

/// A pass for the workers of a pool.
struct ForwardRegion: WorkerRegion {
    let step: ForwardStep
    let logitsOfLastRow: Bool

    func run(_ worker: inout Worker) { step.run(&worker, logitsOfLastRow: logitsOfLastRow) }
}

/// Where a row of a batch belongs: the next position of a sequence of its own.
struct SequencePlace {
    let position: Int
    let pages: UnsafePointer<UnsafeRawPointer>
}

/// The sizes that a forward pass needs at hand.
struct ForwardShape: Sendable {
    let layers: Int
    let hidden: Int
    let intermediate: Int
    let vocabulary: Int
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int
    let epsilon: Float
    let scale: Float

    /// Query heads that share a key–value head.
    var group: Int { heads / keyValueHeads }

    init(_ configuration: ModelConfiguration) {
        layers = configuration.layerCount
        hidden = configuration.hiddenSize
        intermediate = configuration.intermediateSize
        vocabulary = configuration.vocabularySize
        heads = configuration.attentionHeads
        keyValueHeads = configuration.keyValueHeads
        headDimension = configuration.headDimension
        epsilon = Float(configuration.rmsNormEpsilon)
        scale = 1 / Float(configuration.headDimension).squareRoot()
    }
}
