import QwenTensor

/// The memory that a forward pass computes in, allocated once for the most rows that a pass can have.
///
/// With one row, each worker keeps the residual stream and its norm for itself (row `worker.index` of `hidden` and
/// `normed`): copying a few kilobytes costs less than waiting for one another.
final class Workspace {
    /// The most rows of a pass.
    let maximumRows: Int
    /// The most rows whose logits fit.
    let maximumLogitRows: Int

    /// How large the parts are.
    let sizes: WorkspaceSizes
    private let floats: AlignedBuffer<Float>

    /// The working memory of the matrix products.
    let scratch: LinearScratch
    /// What mixtures of experts need; nil in a dense model.
    let mixture: MixtureWorkspace?
    /// Where worker 0 tells the others to stop: one flag.
    let stop: AlignedBuffer<Bool>

    init(_ configuration: ModelConfiguration, rows: Int, logitRows: Int, workers: Int, inputForms: InputForms) throws {
        maximumRows = rows
        maximumLogitRows = logitRows
        sizes = WorkspaceSizes(configuration, rows: rows, logitRows: logitRows, workers: workers)
        floats = try AlignedBuffer(count: sizes.floatCount)
        mixture = try configuration.mixture.map {
            try MixtureWorkspace($0, hiddenSize: configuration.hiddenSize, rows: rows)
        }
        scratch = try LinearScratch(
            workerCount: workers,
            maxInputs: sizes.widestInput,
            slots: sizes.slots,
            inputForms: inputForms
        )
        stop = try AlignedBuffer(count: 1)
    }

    /// The memory of a pass. What an earlier pass left in it is lost with the first number that the new one writes.
    ///
    /// - Parameter rows: the rows of the pass, at most `maximumRows`.
    /// - Returns: where its parts are.
    func memory(rows: Int) -> PassMemory {
        PassMemory(base: floats.baseAddress, layout: WorkspaceLayout(sizes, rows: rows))
    }
}

/// The memory of a layer that is a mixture of experts. A slot is one expert's work for one row; the slots of one expert lie
/// together.
final class MixtureWorkspace {
    /// The router's logits, then its probabilities: [rows, experts].
    let routing: AlignedBuffer<Float>
    /// The experts chosen for each row: [rows, expertsPerToken].
    let chosen: AlignedBuffer<Int32>
    /// Their weights: [rows, expertsPerToken].
    let weights: AlignedBuffer<Float>
    /// The slot of each choice: [rows, expertsPerToken].
    let slots: AlignedBuffer<Int32>
    /// The row of each slot: [slots].
    let rows: AlignedBuffer<Int32>
    /// The first slot of each expert, and the number of slots at the end: [experts + 1].
    let firstSlot: AlignedBuffer<Int32>
    /// The experts with at least one slot, the first `activeCount` of them: [experts].
    let active: AlignedBuffer<Int32>
    /// How many experts are active: one number.
    let activeCount: AlignedBuffer<Int32>
    /// The slots' inputs: [slots, hidden].
    let inputs: AlignedBuffer<Float>
    /// The slots' activations: [slots, expert's intermediate].
    let gate: AlignedBuffer<Float>
    /// The slots' outputs: [slots, hidden].
    let outputs: AlignedBuffer<Float>
    /// How much of the output of the expert for all tokens a row gets: [rows].
    let sharedWeights: AlignedBuffer<Float>
    /// That expert's activations: [rows, its intermediate].
    let sharedGate: AlignedBuffer<Float>

    init(_ mixture: MixtureOfExperts, hiddenSize: Int, rows count: Int) throws {
        let slotCount = count * mixture.expertsPerToken
        routing = try AlignedBuffer(count: count * mixture.experts)
        chosen = try AlignedBuffer(count: slotCount)
        weights = try AlignedBuffer(count: slotCount)
        slots = try AlignedBuffer(count: slotCount)
        rows = try AlignedBuffer(count: slotCount)
        firstSlot = try AlignedBuffer(count: mixture.experts + 1)
        active = try AlignedBuffer(count: mixture.experts)
        activeCount = try AlignedBuffer(count: 1)
        inputs = try AlignedBuffer(count: slotCount * hiddenSize)
        gate = try AlignedBuffer(count: slotCount * mixture.intermediateSize)
        outputs = try AlignedBuffer(count: slotCount * hiddenSize)
        let shared = mixture.sharedIntermediateSize ?? 0
        sharedWeights = try AlignedBuffer(count: shared == 0 ? 0 : count)
        sharedGate = try AlignedBuffer(count: count * shared)
    }
}
