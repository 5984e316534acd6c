import CQwenKernels
import QwenTensor
import Testing

/// Products whose inputs are 16-bit integers, against the scalar kernels, which define them, and double precision.
@Suite struct PreciseProductTests {
    static let formats = PackedMatrixTests.formats

    private static func blocks(_ table: UnsafePointer<qwen_kernels>, _ x: [Float]) -> [qwen_quantized16] {
        var blocks = [qwen_quantized16](repeating: qwen_quantized16(), count: x.count / 32)
        table.pointee.packed.quantize16(x, x.count, &blocks)
        return blocks
    }

    /// The 32 integers of a block, in order.
    private static func integers(_ block: qwen_quantized16, _ table: UnsafePointer<qwen_kernels>) -> [Int] {
        withUnsafeBytes(of: block.q) { bytes in
            if table.pointee.packed.splits16 {
                return (0..<32).map { 256 * Int(Int8(bitPattern: bytes[32 + $0])) + Int(Int8(bitPattern: bytes[$0])) }
            }
            let words = bytes.bindMemory(to: Int16.self)
            return (0..<32).map { Int(words[$0 / 4 * 4 + [0, 2, 1, 3][$0 % 4]]) }
        }
    }

    private static func multiply(_ table: UnsafePointer<qwen_kernels>, _ format: BlockFormat) -> qwen_packed_multiply16
    {
        withUnsafeBytes(of: table.pointee.packed.multiply16) {
            $0.bindMemory(to: qwen_packed_multiply16.self)[formats.firstIndex(of: format) ?? 0]
        }
    }

    /// y = x Wᵀ by a level's kernels, [rows, outputs].
    private static func product(
        _ packed: LinearWeights,
        _ format: BlockFormat,
        x: [Float],
        rows: Int,
        by table: UnsafePointer<qwen_kernels>
    ) throws -> [Float] {
        let (inputs, outputs) = (packed.inputs, packed.outputs)
        let base = try #require(packed.bytes.baseAddress)
        var y = [Float](repeating: 0, count: rows * outputs)
        multiply(table, format)(base, inputs, 0, outputs, blocks(table, x), inputs / 32, rows, &y, outputs)
        return y
    }

    private static var scalar: UnsafePointer<qwen_kernels> {
        get throws { try #require(qwen_kernels_at_level(QWEN_LEVEL_SCALAR)) }
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

    /// Every level has the same integers, and they are within half a step of the numbers.
    @Test(arguments: RunnableLevel.all)
    func quantizes(_ level: RunnableLevel) throws {
        var random = RandomSource(61)
        let table = try #require(level.table)
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
        let found = Self.blocks(table, x)
        let wanted = try Self.blocks(Self.scalar, x)
        for (index, (block, twin)) in zip(found, wanted).enumerated() {
            let q = Self.integers(block, table)
            #expect(try q == Self.integers(twin, Self.scalar))
            #expect(block.d.bitPattern == twin.d.bitPattern && block.sum.bitPattern == twin.sum.bitPattern)
            #expect(block.bias == -128 * q.reduce(0, +) && block.bias_low == -128 * q[..<16].reduce(0, +))
            #expect(block.d.isFinite == (index != 2 && index != 3))
            guard block.d.isFinite else { continue }
            for (i, q) in q.enumerated() {
                let error = abs(Double(x[32 * index + i]) - Double(block.d) * Double(q))
                #expect(error <= 0.502 * Double(block.d) + 0x1p-100)
            }
        }
    }

    /// Every level gives the scalar kernels' floats, bit by bit.
    @Test(arguments: RunnableLevel.all, formats)
    func levelsAgree(_ level: RunnableLevel, _ format: BlockFormat) throws {
        var random = RandomSource(62)
        let table = try #require(level.table)
        let (outputs, inputs) = (70, 512)
        let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        let packed = try LinearWeights(weights).prepared(for: .precise)
        for rows in [1, 2, 3, 4, 7, 8, 33] {
            let x = random.floats(rows * inputs)
            let found = try Self.product(packed, format, x: x, rows: rows, by: table)
            let wanted = try Self.product(packed, format, x: x, rows: rows, by: Self.scalar)
            #expect(found.map(\.bitPattern) == wanted.map(\.bitPattern), "\(rows) rows")
        }
    }

    /// The whole way, for any number of rows and workers, and beside other forms of the input. The numbers of outputs are no
    /// multiples of a group.
    @Test(arguments: formats, [1, 3])
    func equalsTheDefinition(_ format: BlockFormat, workers: Int) throws {
        var random = RandomSource(63)
        let shapes =
            [(5, 256), (203, 512), (2333, 256)] + (format.elementsPerBlock == 32 ? [(37, 160), (70, 32)] : [])
        for (outputs, inputs) in shapes {
            let weights = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
            let packed = try LinearWeights(weights).prepared(for: .precise)
            #expect(packed.inputForms == .integers16)
            #expect(packed.isBatchInvariant)
            let x = random.floats(33 * inputs)
            let wanted = try Self.product(packed, format, x: x, rows: 33, by: Self.scalar).map(\.bitPattern)
            for rows in [1, 2, 3, 8, 33] {
                for forms: InputForms in [.integers16, [.integers, .integers16], [.integers, .integers16, .bfloat16]] {
                    let y = try Self.product(packed, x: x, rows: rows, workers: workers, forms: forms)
                    #expect(y.map(\.bitPattern) == Array(wanted.prefix(rows * outputs)), "\(outputs), \(rows) rows")
                }
            }
        }
    }

    /// Against double precision the error is far smaller than with 8 bits.
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
        #expect(precise > 0 && 150 * precise <= fast, "\(precise), \(fast)")
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
