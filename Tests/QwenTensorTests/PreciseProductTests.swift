import CQwenKernels
import QwenTensor
import Testing

/// Products whose inputs are two planes of integers, against their definition: two products of the scalar kernels and an addition.
@Suite struct PreciseProductTests {
    static let formats = PackedMatrixTests.formats

    /// The two planes of a row as the scalar kernels make them; the remainder in double precision, which holds it exactly.
    private static func planes(_ x: [Float]) throws -> [[qwen_quantized]] {
        let quantize = try #require(qwen_kernels_at_level(QWEN_LEVEL_SCALAR)).pointee.packed.quantize
        var first = [qwen_quantized](repeating: qwen_quantized(), count: x.count / 32)
        quantize(x, x.count, &first)
        let rest = x.indices.map { index -> Float in
            let block = first[index / 32]
            guard block.d.isFinite else { return 0 }
            let rest = Double(x[index]) - Double(block.d) * Double(integers(block)[index % 32])
            #expect(Double(Float(rest)) == rest, "the remainder of \(x[index]) is a float")
            return Float(rest)
        }
        var second = first
        quantize(rest, x.count, &second)
        return [first, second]
    }

    private static func integers(_ block: qwen_quantized) -> [Int8] {
        withUnsafeBytes(of: block.q) { $0.map { Int8(bitPattern: $0) } }
    }

    private static func bytes(_ blocks: [qwen_quantized]) -> [UInt8] { blocks.withUnsafeBytes { Array($0) } }

    private static func multiply(_ table: UnsafePointer<qwen_kernels>, _ format: BlockFormat) -> qwen_packed_multiply {
        withUnsafeBytes(of: table.pointee.packed.multiply) {
            $0.bindMemory(to: qwen_packed_multiply.self)[formats.firstIndex(of: format) ?? 0]
        }
    }

    /// y = x Wᵀ by the definition, [rows, outputs].
    private static func definition(
        _ packed: LinearWeights,
        _ format: BlockFormat,
        x: [Float],
        rows: Int
    ) throws -> [Float] {
        let (inputs, outputs) = (packed.inputs, packed.outputs)
        let multiply = try multiply(#require(qwen_kernels_at_level(QWEN_LEVEL_SCALAR)), format)
        let base = try #require(packed.bytes.baseAddress)
        var y: [Float] = []
        for row in 0..<rows {
            let parts = try planes(Array(x[row * inputs..<(row + 1) * inputs])).map { plane in
                var part = [Float](repeating: 0, count: outputs)
                multiply(base, inputs, 0, outputs, plane, inputs / 32, 1, &part, outputs)
                return part
            }
            y += zip(parts[0], parts[1]).map(+)
        }
        return y
    }

    /// y = x Wᵀ with a scratch, shared among workers, [rows, outputs].
    private static func product(
        _ weights: LinearWeights,
        x: [Float],
        rows: Int,
        workers: Int,
        forms: InputForms? = nil
    ) throws -> [Float] {
        let (inputs, outputs) = (weights.inputs, weights.outputs)
        let pool = try WorkerPool(workerCount: workers)
        let scratch = try LinearScratch(
            workerCount: workers,
            maxInputs: inputs + 96,
            slots: 3 + rows,
            inputForms: forms ?? weights.inputForms
        )
        let input = try AlignedBuffer<Float>(count: rows * inputs)
        for (index, value) in x.prefix(input.count).enumerated() { input.elements[index] = value }
        for row in 0..<rows { scratch.prepare(input.baseAddress + row * inputs, inputs: inputs, slot: 3 + row) }
        // What lies between the rows stays as it was.
        let ldy = outputs + 5
        let y = try AlignedBuffer<Float>(count: rows * ldy)
        for index in 0..<y.count { y.elements[index] = 7 }
        pool.run { worker in
            Linear.apply(
                weights,
                x: input.baseAddress,
                ldx: inputs,
                rows: rows,
                y: y.baseAddress,
                ldy: ldy,
                worker: &worker,
                scratch: scratch,
                slot: 3
            )
        }
        return (0..<rows).flatMap { row in
            #expect(y.elements[row * ldy + outputs..<(row + 1) * ldy].allSatisfy { $0 == 7 })
            return y.elements[row * ldy..<row * ldy + outputs]
        }
    }

    /// Every level writes the same planes, and both together are close to the numbers.
    @Test(arguments: RunnableLevel.all)
    func planesOfEachLevel(_ level: RunnableLevel) throws {
        var random = RandomSource(61)
        let packed = try #require(level.table).pointee.packed
        var x = random.floats(32 * 200)
        for (index, value) in x.enumerated() where index >= 32 * 10 {
            x[index] = value * Float.random(in: 1e-6...1, using: &random)
        }
        for i in 32..<64 { x[i] = 0 }
        x[70] = .infinity
        x[100] = .nan
        for i in 128..<160 { x[i] *= 700 * Float.leastNonzeroMagnitude }
        for i in 160..<192 { x[i] *= 3e38 }
        for i in 192..<224 { x[i] *= 0x1p-99 }
        for i in 224..<256 { x[i] = i == 230 ? 1 : 0x1p-7 * x[i] }
        let wanted = try Self.planes(x)
        var first = [qwen_quantized](repeating: qwen_quantized(), count: 200)
        var second = first
        packed.quantize(x, x.count, &first)
        packed.quantize_residual(x, x.count, first, &second)
        #expect(Self.bytes(first) == Self.bytes(wanted[0]))
        #expect(Self.bytes(second) == Self.bytes(wanted[1]))
        for b in 0..<200 where b != 2 && b != 3 {
            for (index, (q, rest)) in zip(Self.integers(first[b]), Self.integers(second[b])).enumerated() {
                let both = Double(first[b].d) * Double(q) + Double(second[b].d) * Double(rest)
                #expect(abs(Double(x[32 * b + index]) - both) <= Double(first[b].d) / 507 + 0x1p-100)
            }
        }
    }

    /// Two planes are two rows to every level's kernels.
    @Test(arguments: RunnableLevel.all, formats)
    func productsOfEachLevel(_ level: RunnableLevel, _ format: BlockFormat) throws {
        var random = RandomSource(62)
        let multiply = Self.multiply(try #require(level.table), format)
        let (outputs, inputs) = (70, 512)
        let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        let packed = try LinearWeights(weights).prepared(for: .precise)
        for rows in [1, 2, 3, 4, 8, 33] {
            let x = random.floats(rows * inputs)
            let blocks = try (0..<rows).flatMap { row in
                try Self.planes(Array(x[row * inputs..<(row + 1) * inputs])).flatMap { $0 }
            }
            var parts = [Float](repeating: 0, count: 2 * rows * outputs)
            let base = try #require(packed.bytes.baseAddress)
            multiply(base, inputs, 0, outputs, blocks, inputs / 32, 2 * rows, &parts, outputs)
            let found = (0..<rows).flatMap { row in
                (0..<outputs).map { parts[2 * row * outputs + $0] + parts[(2 * row + 1) * outputs + $0] }
            }
            let wanted = try Self.definition(packed, format, x: x, rows: rows)
            #expect(found.map(\.bitPattern) == wanted.map(\.bitPattern), "\(rows) rows")
        }
    }

    /// The whole way, for any number of rows and workers, and beside other forms of the input. The longest matrix has more outputs
    /// than fit the memory for the planes' results, and neither is a multiple of a group.
    @Test(arguments: formats, [1, 3])
    func equalsTheDefinition(_ format: BlockFormat, workers: Int) throws {
        var random = RandomSource(63)
        let shapes =
            [(5, 256), (203, 512), (2333, 256)] + (format.elementsPerBlock == 32 ? [(37, 160), (70, 32)] : [])
        for (outputs, inputs) in shapes {
            let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
            let packed = try LinearWeights(weights).prepared(for: .precise)
            #expect(packed.inputForms == [.integers, .residuals])
            #expect(packed.isBatchInvariant)
            let x = random.floats(33 * inputs)
            let wanted = try Self.definition(packed, format, x: x, rows: 33).map(\.bitPattern)
            for rows in [1, 2, 3, 8, 33] {
                for forms in [nil, InputForms([.integers, .residuals, .bfloat16])] {
                    let y = try Self.product(packed, x: x, rows: rows, workers: workers, forms: forms)
                    #expect(y.map(\.bitPattern) == Array(wanted.prefix(rows * outputs)), "\(outputs), \(rows) rows")
                }
            }
        }
    }

    /// Against double precision the error is far smaller than with one plane.
    @Test(arguments: formats)
    func isFarCloserThanFast(_ format: BlockFormat) throws {
        var random = RandomSource(64)
        let (outputs, inputs, rows) = (64, 1024, 4)
        let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        let values = weights.floats()
        let x = random.floats(rows * inputs)
        func error(_ arithmetic: Arithmetic) throws -> Double {
            let linear = try LinearWeights(weights).prepared(for: arithmetic)
            let y = try Self.product(linear, x: x, rows: rows, workers: 1)
            var squares = 0.0
            for row in 0..<rows {
                for output in 0..<outputs {
                    var sum = 0.0
                    for j in 0..<inputs { sum += Double(x[row * inputs + j]) * Double(values[output * inputs + j]) }
                    squares += (sum - Double(y[row * outputs + output])) * (sum - Double(y[row * outputs + output]))
                }
            }
            return squares.squareRoot()
        }
        let (fast, precise) = (try error(.fast), try error(.precise))
        #expect(precise > 0 && 50 * precise <= fast, "\(precise), \(fast)")
    }

    /// What is not finite stays so, in its row alone, and nothing comes out of zeros.
    @Test(arguments: formats)
    func numbersThatAreNotFinite(_ format: BlockFormat) throws {
        var random = RandomSource(65)
        let (outputs, inputs) = (40, 256)
        let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        let packed = try LinearWeights(weights).prepared(for: .precise)
        var x = random.floats(5 * inputs)
        x[17] = .infinity
        x[inputs + 200] = .nan
        for i in 2 * inputs..<3 * inputs { x[i] = 0 }
        x[3 * inputs + 5] = -.infinity
        let y = try Self.product(packed, x: x, rows: 5, workers: 1)
        for row in 0..<5 {
            let results = y[row * outputs..<(row + 1) * outputs]
            switch row {
            case 2: #expect(results.allSatisfy { $0 == 0 })
            case 4: #expect(results.allSatisfy { $0.isFinite })
            default: #expect(results.allSatisfy { !$0.isFinite })
            }
        }
    }
}
