import QwenTensor
import Testing

/// Products against double precision on the same stored weights.
@Suite struct MatrixProductTests {
    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func rowsOfAnySize(_ level: RunnableLevel, _ type: ElementType) {
        var random = RandomSource(11)
        for (rows, k) in [
            (1, 1), (3, 7), (5, 16), (4, 31), (13, 33), (24, 64), (25, 100), (7, 128), (12, 129), (2, 255), (6, 1027),
            (16, 8), (53, 264), (67, 520),
        ] {
            // Rows may lie further apart than they are long.
            let rowBytes = k * type.bytesPerBlock + 4
            let (bytes, values) = type.encode(random.floats(rows * (rowBytes / type.bytesPerBlock)))
            for m in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 24, 51] {
                let ldx = k + 1
                let ldy = rows + 3
                let x = random.floats(m * ldx)
                var y = [Float](repeating: 77, count: m * ldy)
                bytes.withUnsafeBytes {
                    level.kernels.multiplyRows(
                        $0.baseAddress!,
                        type,
                        rowByteCount: rowBytes,
                        rows: rows,
                        k: k,
                        x: x,
                        ldx: ldx,
                        m: m,
                        y: &y,
                        ldy: ldy
                    )
                }
                for i in 0..<m {
                    for r in 0..<rows {
                        var sum = 0.0
                        var magnitude = 0.0
                        for j in 0..<k {
                            let term = Double(x[i * ldx + j]) * Double(values[r * rowBytes / type.bytesPerBlock + j])
                            sum += term
                            magnitude += abs(term)
                        }
                        let error = abs(Double(y[i * ldy + r]) - sum)
                        #expect(error <= 1e-6 * magnitude, "\(rows)x\(k), m \(m): row \(r) of \(i) is off by \(error)")
                    }
                    #expect(y[i * ldy + rows..<(i + 1) * ldy].allSatisfy { $0 == 77 })
                }
            }
        }
    }

    @Test(arguments: RunnableLevel.all)
    func subnormalWeightsCount(_ level: RunnableLevel) {
        let (bytes, values) = ElementType.bfloat16.encode([Float](repeating: 0x1p-130, count: 64))
        #expect(values[0] == 0x1p-130)
        var y: [Float] = [0]
        bytes.withUnsafeBytes {
            level.kernels.multiplyRows(
                $0.baseAddress!,
                .bfloat16,
                rowByteCount: 128,
                rows: 1,
                k: 64,
                x: [Float](repeating: 1, count: 64),
                ldx: 64,
                m: 1,
                y: &y,
                ldy: 1
            )
        }
        #expect(y[0] == 0x1p-124)
    }

    /// The system's BLAS, which serves machines without fast kernels of our own.
    @Test(.enabled(if: BLAS.isAvailable)) func systemLibrary() {
        var random = RandomSource(13)
        for (m, n, k) in [(1, 1, 1), (9, 33, 70), (64, 20, 300)] {
            let (ldx, ldw, ldy) = (k + 2, k + 1, n + 3)
            let x = random.floats(m * ldx)
            let w = random.floats(n * ldw)
            var y = [Float](repeating: 77, count: m * ldy)
            BLAS.multiply(m: m, n: n, k: k, x: x, ldx: ldx, w: w, ldw: ldw, y: &y, ldy: ldy)
            for i in 0..<m {
                for r in 0..<n {
                    let sum = (0..<k).reduce(0.0) { $0 + Double(x[i * ldx + $1]) * Double(w[r * ldw + $1]) }
                    #expect(abs(Double(y[i * ldy + r]) - sum) < 2e-5)
                }
                #expect(y[i * ldy + n..<(i + 1) * ldy].allSatisfy { $0 == 77 })
            }
        }
    }

    /// Through the pool, with and without the system's BLAS, with and without a bias, all shapes in one region.
    @Test(arguments: ElementType.plain, [1, 2, 5])
    func linear(_ type: ElementType, workers: Int) throws {
        var random = RandomSource(12)
        let pool = try WorkerPool(workerCount: workers)
        for (outputs, inputs) in [(1, 1), (300, 77), (1030, 64), (40, 515)] {
            let scratch = try LinearScratch(workerCount: workers, maxInputs: inputs)
            let (bytes, values) = type.encode(random.floats(outputs * inputs))
            let bias = random.floats(outputs)
            let tensor = try Tensor(
                elementType: type,
                shape: [outputs, inputs],
                storage: Storage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
            )
            let plain = try LinearWeights(tensor)
            let biased = try LinearWeights(
                tensor,
                bias: Tensor(
                    elementType: .float32,
                    shape: [outputs],
                    storage: Storage(byteCount: 4 * outputs) { memory in
                        bias.withUnsafeBytes { memory.copyMemory(from: $0) }
                    }
                )
            )
            for rows in [1, 2, 8, 9, 40] {
                let x = try AlignedBuffer<Float>(count: rows * inputs)
                for (i, value) in random.floats(x.count).enumerated() { x.elements[i] = value }
                let y = try AlignedBuffer<Float>(count: rows * outputs)
                let z = try AlignedBuffer<Float>(count: rows * outputs)
                pool.run { worker in
                    Linear.apply(
                        plain,
                        x: x.baseAddress,
                        ldx: inputs,
                        rows: rows,
                        y: y.baseAddress,
                        ldy: outputs,
                        worker: &worker,
                        scratch: scratch
                    )
                    Linear.apply(
                        biased,
                        x: x.baseAddress,
                        ldx: inputs,
                        rows: rows,
                        y: z.baseAddress,
                        ldy: outputs,
                        worker: &worker,
                        scratch: scratch
                    )
                }
                for i in 0..<rows {
                    for r in 0..<outputs {
                        var sum = 0.0
                        var magnitude = 1e-30
                        for j in 0..<inputs {
                            let term = Double(x.elements[i * inputs + j]) * Double(values[r * inputs + j])
                            sum += term
                            magnitude += abs(term)
                        }
                        let added = Double(bias[r])
                        let (first, second) = (y.elements[i * outputs + r], z.elements[i * outputs + r])
                        guard
                            abs(Double(first) - sum) <= 1e-6 * magnitude,
                            abs(Double(second) - sum - added) <= 1e-6 * (magnitude + abs(added))
                        else {
                            Issue.record("\(outputs)x\(inputs), \(rows) rows: [\(i), \(r)] is \(first), \(second)")
                            return
                        }
                    }
                }
            }
        }
    }
}
