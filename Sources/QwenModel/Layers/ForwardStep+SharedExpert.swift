import QwenTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The expert of a mixture that every row passes through. Its work lies between the barriers of ``ForwardStep/mixtureBlock``;
/// its output is in `delta`, whose last readers are barriers away.
extension ForwardStep {
    /// How much of it each row gets, and the first half of its work.
    func beginShared(
        _ shared: UnsafePointer<SharedExpertWeights>,
        _ memory: MixtureMemory,
        _ worker: inout Worker
    ) {
        multiply(
            shared.pointee.gate,
            x: blockInput(worker),
            ldx: shape.hidden,
            rows: rows,
            y: memory.sharedWeights,
            ldy: 1,
            rowsAlone: true,
            &worker
        )
        multiplyGated(
            gate: shared.pointee.block.gate,
            up: shared.pointee.block.up,
            x: blockInput(worker),
            rows: rows,
            y: memory.sharedGate,
            ldy: memory.sharedIntermediate,
            &worker
        )
    }

    /// Brings the activations into the forms that weights want, in the slots behind those of the other experts.
    func prepareShared(_ memory: MixtureMemory, _ worker: borrowing Worker) {
        for row in worker.range(of: rows) {
            scratch.prepare(
                memory.sharedGate + row * memory.sharedIntermediate,
                inputs: memory.sharedIntermediate,
                slot: rows * memory.expertsPerToken + row
            )
        }
    }

    /// The second half.
    func finishShared(
        _ shared: UnsafePointer<SharedExpertWeights>,
        _ memory: MixtureMemory,
        _ worker: inout Worker
    ) {
        multiply(
            shared.pointee.block.down,
            x: memory.sharedGate,
            ldx: memory.sharedIntermediate,
            rows: rows,
            y: delta,
            ldy: shape.hidden,
            slot: rows * memory.expertsPerToken,
            &worker
        )
    }

    static func sigmoid(_ logit: Float) -> Float { 1 / (1 + exp(-logit)) }
}
