import QwenTensor
import Testing

/// Two products and what joins them, in pieces that fit into a worker's memory.
@Suite struct GatedLinearTests {
    private static func weights(_ type: ElementType, _ random: inout RandomSource) throws -> Tensor {
        if case .block(let format) = type {
            return try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        }
        let bytes = type.encode(random.floats(outputs * inputs)).bytes
        let storage = try Storage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        return try Tensor(elementType: type, shape: [outputs, inputs], storage: storage)
    }

    private static let (outputs, inputs) = (219, 256)

    /// As the same products one after the other: to the bit where a row's result does not depend on the rows beside it.
    @Test(
        arguments: [ElementType.block(.q4_K), .block(.q8_0), .bfloat16, .float32],
        [(Arithmetic.fast, 1), (.precise, 1), (.exact, 2)]
    )
    func isTheProductsJoined(_ type: ElementType, _ run: (arithmetic: Arithmetic, workers: Int)) throws {
        var random = RandomSource(61)
        let (outputs, inputs) = (Self.outputs, Self.inputs)
        let pool = try WorkerPool(workerCount: run.workers)
        let gate = try LinearWeights(Self.weights(type, &random)).prepared(for: run.arithmetic)
        let up = try LinearWeights(Self.weights(type, &random)).prepared(for: run.arithmetic)
        let isExact = gate.isBatchInvariant
        // 700 rows of all outputs are five times what there is room for.
        for rows in [1, 3, 20, 150, 700] {
            let scratch = try LinearScratch(
                workerCount: run.workers,
                maxInputs: inputs,
                slots: rows,
                inputForms: gate.inputForms
            )
            let x = try AlignedBuffer<Float>(count: rows * inputs)
            for (i, value) in random.floats(x.count).enumerated() { x.elements[i] = value }
            for row in 0..<rows { scratch.prepare(x.baseAddress + row * inputs, inputs: inputs, slot: row) }
            let stride = outputs + 3
            func product(_ weights: borrowing LinearWeights) -> [Float] {
                var y = [Float](repeating: 7, count: rows * stride)
                Linear.apply(
                    weights,
                    outputs: 0..<outputs,
                    x: x.baseAddress,
                    ldx: inputs,
                    rows: rows,
                    y: &y,
                    ldy: stride,
                    panel: scratch.panel(0),
                    prepared: scratch.prepared(slot: 0)
                )
                return y
            }
            var expected = product(gate)
            let second = product(up)
            for row in 0..<rows {
                expected.withUnsafeMutableBufferPointer { expected in
                    second.withUnsafeBufferPointer { second in
                        let start = expected.baseAddress! + row * stride
                        let up = second.baseAddress! + row * stride
                        Kernels.current.siluMultiply(gate: start, up: up, y: start, count: outputs)
                    }
                }
            }
            func check(_ y: UnsafeMutableBufferPointer<Float>) {
                if isExact {
                    #expect(y.elementsEqual(expected), "\(rows) rows")
                } else {
                    let worst = zip(y, expected).map { abs($0 - $1) }.max() ?? 0
                    #expect(worst < 1e-3, "\(rows) rows")
                }
            }
            let y = try AlignedBuffer<Float>(count: rows * stride)
            y.elements.update(repeating: 7)
            GatedLinear.apply(
                gate: gate,
                up: up,
                outputs: 0..<outputs,
                x: x.baseAddress,
                ldx: inputs,
                rows: rows,
                y: y.baseAddress,
                ldy: stride,
                panel: scratch.panel(0),
                product: scratch.product(0),
                prepared: scratch.prepared(slot: 0)
            )
            check(y.elements)
            y.elements.update(repeating: 7)
            pool.run { worker in
                GatedLinear.apply(
                    gate: gate,
                    up: up,
                    x: x.baseAddress,
                    ldx: inputs,
                    rows: rows,
                    y: y.baseAddress,
                    ldy: stride,
                    worker: &worker,
                    scratch: scratch
                )
            }
            check(y.elements)
        }
    }
}
