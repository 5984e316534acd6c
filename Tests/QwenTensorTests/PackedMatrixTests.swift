import CQwenKernels
import QwenTensor
import Testing

/// Packed matrices against the rows that they were packed from, and the levels against one another.
@Suite struct PackedMatrixTests {
    static let formats: [BlockFormat] = [.q8_0, .q4_0, .q4_K, .q6_K]

    /// Random blocks: every byte may be anything but for the scales, which stay finite.
    static func blocks(_ format: BlockFormat, rows: Int, columns: Int, _ random: inout RandomSource) -> [UInt8] {
        let count = rows * columns / format.elementsPerBlock
        var bytes = (0..<count * format.bytesPerBlock).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
        let halves: [BlockFormat: [Int]] = [.q8_0: [0], .q4_0: [0], .q4_K: [0, 2], .q6_K: [208]]
        for block in 0..<count {
            for place in halves[format] ?? [] {
                bytes[block * format.bytesPerBlock + place + 1] &= 0xAF  // below 2: no infinity, no NaN
            }
        }
        return bytes
    }

    static func weights(_ format: BlockFormat, rows: Int, columns: Int, _ random: inout RandomSource) throws -> Tensor {
        let bytes = blocks(format, rows: rows, columns: columns, &random)
        let storage = try Storage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        return try Tensor(elementType: .block(format), shape: [rows, columns], storage: storage)
    }

    @Test(arguments: formats)
    func rowsAreThoseOfTheBlocks(_ format: BlockFormat) throws {
        var random = RandomSource(41)
        // 160 columns are five blocks of 32, where the last has no other to share its scales' line with.
        for (outputs, inputs) in [(37, 768), (16, 256)] + (format.elementsPerBlock == 32 ? [(37, 160), (16, 32)] : []) {
            let weights = try Self.weights(format, rows: outputs, columns: inputs, &random)
            let packed = try LinearWeights(weights).prepared(for: .fast)
            #expect(packed.inputForms == .integers)
            var row = [Float](repeating: 0, count: outputs * inputs)
            packed.decode(rows: 0..<outputs, into: &row)
            #expect(row == weights.floats())
        }
    }

    @Test func exactWeightsStayAsTheyAre() throws {
        var random = RandomSource(42)
        let weights = try LinearWeights(Self.weights(.q8_0, rows: 16, columns: 64, &random))
        #expect(try weights.prepared(for: .exact).inputForms == [])
        #expect(try weights.prepared(for: .precise).inputForms == .integers16)
        #expect(try weights.prepared(for: .fast).inputForms == .integers)
    }

    /// The integers are within half a step, and what cannot be an integer makes the scale infinite or NaN.
    @Test(arguments: RunnableLevel.all)
    func quantizes(_ level: RunnableLevel) throws {
        var random = RandomSource(43)
        let table = try #require(level.table)
        var x = random.floats(32 * 8)
        for i in 32..<64 { x[i] = 0 }
        x[70] = .infinity
        x[100] = .nan
        for i in 128..<160 { x[i] *= 700 * Float.leastNonzeroMagnitude }
        for i in 160..<192 { x[i] *= 1e36 }
        var blocks = [qwen_quantized](repeating: qwen_quantized(), count: 8)
        table.pointee.packed.quantize(x, x.count, &blocks)
        var twin = blocks
        qwen_kernels_at_level(QWEN_LEVEL_SCALAR)?.pointee.packed.quantize(x, x.count, &twin)
        for b in 0..<8 {
            #expect(bytes(blocks[b]) == bytes(twin[b]))
            let q = integers(blocks[b])
            #expect(blocks[b].bias == -128 * q.reduce(0, +) && blocks[b].bias_low == -128 * q[..<16].reduce(0, +))
            if b == 2 || b == 3 {
                #expect(!blocks[b].d.isFinite)
                continue
            }
            for i in 0..<32 {
                let error = abs(Double(x[32 * b + i]) - Double(blocks[b].d) * Double(q[i]))
                #expect(error <= Double(blocks[b].d) * 0.5001 + 1e-30)
            }
        }
    }

    /// Every level gives the scalar kernels' floats, bit by bit, for any number of rows and any range of outputs.
    @Test(arguments: RunnableLevel.all, formats)
    func levelsAgree(_ level: RunnableLevel, _ format: BlockFormat) throws {
        var random = RandomSource(44)
        let scalar = try #require(qwen_kernels_at_level(QWEN_LEVEL_SCALAR))
        let table = try #require(level.table)
        let layout = Self.formats.firstIndex(of: format) ?? 0
        let shapes = [(16, 256), (37, 768), (150, 512), (5, 256)]
        for (outputs, inputs) in shapes + (format.elementsPerBlock == 32 ? [(37, 160), (70, 32)] : []) {
            let weights = try Self.weights(format, rows: outputs, columns: inputs, &random)
            let values = weights.floats()
            let packed = try LinearWeights(weights).prepared(for: .fast)
            for (m, range) in [(1, 0..<outputs), (3, 1..<outputs), (8, 0..<outputs - 1), (19, 0..<outputs)] {
                let x = random.floats(m * inputs)
                var blocks = [qwen_quantized](repeating: qwen_quantized(), count: m * inputs / 32)
                scalar.pointee.packed.quantize(x, x.count, &blocks)
                var expected = [Float](repeating: 7, count: m * (outputs + 3))
                var y = expected
                for (kernels, into) in [(scalar, 0), (table, 1)] {
                    let multiply = withUnsafeBytes(of: kernels.pointee.packed.multiply) {
                        $0.bindMemory(to: qwen_packed_multiply.self)[layout]
                    }
                    let base = packed.bytes.baseAddress!
                    if into == 0 {
                        multiply(
                            base,
                            inputs,
                            range.lowerBound,
                            range.upperBound,
                            blocks,
                            inputs / 32,
                            m,
                            &expected,
                            outputs + 3
                        )
                    } else {
                        multiply(
                            base,
                            inputs,
                            range.lowerBound,
                            range.upperBound,
                            blocks,
                            inputs / 32,
                            m,
                            &y,
                            outputs + 3
                        )
                    }
                }
                #expect(y.map(\.bitPattern) == expected.map(\.bitPattern), "\(outputs) × \(inputs), \(m) rows")
                // Within what rounding to 8 bits may do.
                var error = 0.0
                var norm = 0.0
                for i in 0..<m {
                    for r in range {
                        var sum = 0.0
                        for j in 0..<inputs { sum += Double(x[i * inputs + j]) * Double(values[r * inputs + j]) }
                        let difference = sum - Double(y[i * (outputs + 3) + r])
                        error += difference * difference
                        norm += sum * sum
                    }
                }
                #expect(error <= 5e-4 * norm)
            }
        }
    }

    /// The whole way: packed by a pool, quantised in a scratch, shared among workers, with a bias.
    @Test(arguments: formats, [1, 3])
    func products(_ format: BlockFormat, workers: Int) throws {
        var random = RandomSource(45)
        let (outputs, inputs) = (203, 512)
        let pool = try WorkerPool(workerCount: workers)
        let weights = try Self.weights(format, rows: outputs, columns: inputs, &random)
        let values = weights.floats()
        let biasValues = random.floats(outputs)
        let biasStorage = try Storage(byteCount: 4 * outputs) { bytes in
            biasValues.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
        let bias = try Tensor(elementType: .float32, shape: [outputs], storage: biasStorage)
        let linear = try LinearWeights(weights, bias: bias).prepared(for: .fast, pool: pool)
        let scratch = try LinearScratch(
            workerCount: workers,
            maxInputs: inputs + 64,
            slots: 24,
            inputForms: [.integers, .bfloat16]
        )
        for rows in [1, 5, 20] {
            let x = try AlignedBuffer<Float>(count: rows * inputs)
            for (i, value) in random.floats(x.count).enumerated() { x.elements[i] = value }
            let y = try AlignedBuffer<Float>(count: rows * outputs)
            for row in 0..<rows { scratch.prepare(x.baseAddress + row * inputs, inputs: inputs, slot: 3 + row) }
            pool.run { worker in
                Linear.apply(
                    linear,
                    x: x.baseAddress,
                    ldx: inputs,
                    rows: rows,
                    y: y.baseAddress,
                    ldy: outputs,
                    worker: &worker,
                    scratch: scratch,
                    slot: 3
                )
            }
            var error = 0.0
            var norm = 0.0
            for i in 0..<rows {
                for r in 0..<outputs {
                    var sum = Double(biasValues[r])
                    for j in 0..<inputs { sum += Double(x.elements[i * inputs + j]) * Double(values[r * inputs + j]) }
                    let difference = sum - Double(y.elements[i * outputs + r])
                    error += difference * difference
                    norm += sum * sum
                }
            }
            #expect(error <= 5e-4 * norm)
        }
    }

    /// BF16 weights times inputs rounded to BF16, against double precision on the rounded numbers.
    @Test(arguments: RunnableLevel.all)
    func roundedInputs(_ level: RunnableLevel) throws {
        var random = RandomSource(46)
        let table = try #require(level.table)
        for (rows, k, m) in [
            (1, 1, 1), (5, 40, 3), (12, 1024, 6), (11, 2090, 13), (7, 3072, 1), (11, 1100, 7), (9, 96, 8),
        ] {
            let (w, weights) = ElementType.bfloat16.encode(random.floats(rows * k))
            let (x, inputs) = ElementType.bfloat16.encode(random.floats(m * k))
            var y = [Float](repeating: 7, count: m * (rows + 2))
            w.withUnsafeBytes { w in
                x.withUnsafeBytes { x in
                    let x = x.bindMemory(to: UInt16.self).baseAddress!
                    table.pointee.multiply_bf16(w.baseAddress!, 2 * k, rows, k, x, k, m, &y, rows + 2)
                }
            }
            for i in 0..<m {
                for r in 0..<rows {
                    var sum = 0.0
                    var magnitude = 0.0
                    for j in 0..<k {
                        let term = Double(inputs[i * k + j]) * Double(weights[r * k + j])
                        sum += term
                        magnitude += abs(term)
                    }
                    #expect(abs(Double(y[i * (rows + 2) + r]) - sum) <= 1e-6 * magnitude)
                }
                #expect(y[i * (rows + 2) + rows..<(i + 1) * (rows + 2)].allSatisfy { $0 == 7 })
            }
        }
    }

    /// A row's sums do not depend on how many other rows there are, nor on where a row of weights stands.
    @Test(arguments: RunnableLevel.all)
    func roundedInputsAloneAndTogether(_ level: RunnableLevel) throws {
        var random = RandomSource(47)
        let table = try #require(level.table)
        let (rows, k, most) = (11, 1130, 14)
        let (w, _) = ElementType.bfloat16.encode(random.floats(rows * k))
        let (x, _) = ElementType.bfloat16.encode(random.floats(most * k))
        var alone = [Float](repeating: 0, count: most * rows)
        w.withUnsafeBytes { w in
            x.withUnsafeBytes { x in
                let x = x.bindMemory(to: UInt16.self).baseAddress!
                for i in 0..<most {
                    for r in 0..<rows {
                        table.pointee.multiply_bf16(
                            w.baseAddress! + r * 2 * k,
                            2 * k,
                            1,
                            k,
                            x + i * k,
                            k,
                            1,
                            &alone[i * rows + r],
                            1
                        )
                    }
                }
                for m in 1...most {
                    var y = [Float](repeating: 0, count: m * rows)
                    table.pointee.multiply_bf16(w.baseAddress!, 2 * k, rows, k, x, k, m, &y, rows)
                    #expect(y == Array(alone.prefix(m * rows)), "\(m) rows")
                }
            }
        }
    }

    private func bytes(_ block: qwen_quantized) -> [UInt8] { withUnsafeBytes(of: block) { Array($0) } }

    private func integers(_ block: qwen_quantized) -> [Int32] {
        withUnsafeBytes(of: block.q) { $0.map { Int32(Int8(bitPattern: $0)) } }
    }
}

extension RunnableLevel {
    /// The level's kernels in C.
    var table: UnsafePointer<qwen_kernels>? {
        switch kernels.name {
        case "avx2": qwen_kernels_at_level(QWEN_LEVEL_AVX2)
        case "avx512": qwen_kernels_at_level(QWEN_LEVEL_AVX512)
        case "neon": qwen_kernels_at_level(QWEN_LEVEL_NEON)
        case "dotprod": qwen_kernels_at_level(QWEN_LEVEL_DOTPROD)
        case "i8mm": qwen_kernels_at_level(QWEN_LEVEL_I8MM)
        default: qwen_kernels_at_level(QWEN_LEVEL_SCALAR)
        }
    }
}
