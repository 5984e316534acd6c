import Benchmark
import QwenTensor

/// Products of one shape, one after another over all of the memory, so that none of the matrices is in a cache.
struct MatrixProducts {
    private let matrices: [LinearWeights]
    private let pool: WorkerPool
    private let scratch: LinearScratch
    private let input: AlignedBuffer<Float>
    private let output: AlignedBuffer<Float>

    var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }

    init(outputs: Int, inputs: Int) throws {
        let memory = try WeightMemory.shared.get()
        let size = outputs * inputs * 2
        matrices = try (0..<memory.byteCount / size).map { index in
            let matrix = try Tensor(
                elementType: .bfloat16,
                shape: [outputs, inputs],
                storage: memory.storage,
                byteOffset: index * size
            )
            return try LinearWeights(matrix)
        }
        pool = memory.pool
        scratch = try LinearScratch(workerCount: pool.workerCount, maxInputs: inputs)
        input = try AlignedBuffer(count: inputs)
        output = try AlignedBuffer(count: outputs)
        input.elements.initialize(repeating: 1)
    }

    func run() {
        // The workers write to disjoint parts of the output.
        nonisolated(unsafe) let output = output.baseAddress
        nonisolated(unsafe) let input = UnsafePointer(input.baseAddress)
        let (matrices, scratch) = (matrices, scratch)
        pool.run { worker in
            for matrix in matrices {
                Linear.apply(
                    matrix,
                    x: input,
                    ldx: matrix.inputs,
                    rows: 1,
                    y: output,
                    ldy: matrix.outputs,
                    worker: &worker,
                    scratch: scratch
                )
                worker.barrier()
            }
        }
        blackHole(output)
    }
}
