import CQwenKernels
import QwenTensor
import Testing

/// Packing by every level, and matrices that are read when they are needed.
@Suite struct DeferredMatrixTests {
    /// Every level packs as the definition does, and sees whether the scales are finite.
    @Test(arguments: RunnableLevel.all, PackedMatrixTests.formats)
    func levelsPackAlike(_ level: RunnableLevel, _ format: BlockFormat) throws {
        var random = RandomSource(51)
        let table = try #require(level.table)
        let layout = qwen_packed(UInt32(PackedMatrixTests.formats.firstIndex(of: format) ?? 0))
        for columns in stride(from: format.elementsPerBlock, through: 1024, by: format.elementsPerBlock) {
            for rows in [16, 1, 9] {
                let gap = columns % 3
                let row = columns / format.elementsPerBlock * format.bytesPerBlock
                var source: [UInt8] = []
                for _ in 0..<rows {
                    source += PackedMatrixTests.blocks(format, rows: 1, columns: columns, &random)
                    source += [UInt8](repeating: 0xFF, count: gap)
                }
                let count = qwen_packed_group_bytes(layout, columns)
                var wanted = [UInt8](repeating: 1, count: count)
                var found = [UInt8](repeating: 2, count: count)
                qwen_pack_group(layout, source, row + gap, rows, columns, &wanted)
                table.pointee.pack_group(layout, source, row + gap, rows, columns, &found)
                #expect(found == wanted, "\(rows) × \(columns)")
                #expect(qwen_packed_finite(layout, found, columns))
                // One scale somewhere becomes infinite: the last one of the last block that its format has.
                let place = (format == .q4_K ? 2 : format == .q6_K ? 208 : 0) - format.bytesPerBlock
                source[(rows - 1) * (row + gap) + row + place] = 0
                source[(rows - 1) * (row + gap) + row + place + 1] = 0xFC
                table.pointee.pack_group(layout, source, row + gap, rows, columns, &found)
                #expect(!qwen_packed_finite(layout, found, columns))
            }
        }
    }

    struct Unreadable: Error {}

    /// Products and rows are the same before a matrix is in memory and after, whatever range is computed.
    @Test(
        arguments: PackedMatrixTests.formats.map(ElementType.block) + [.bfloat16],
        [(Arithmetic.fast, 0), (.fast, 2), (.precise, 0), (.precise, 2)]
    )
    func productsAreTheSame(_ type: ElementType, _ run: (arithmetic: Arithmetic, workers: Int)) throws {
        var random = RandomSource(52)
        let (outputs, inputs) = (203, 512)
        let stored: Tensor
        if case .block(let format) = type {
            stored = try PackedMatrixTests.weights(format, rows: outputs, columns: inputs, &random)
        } else {
            let bytes = type.encode(random.floats(outputs * inputs)).bytes
            let storage = try Storage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
            stored = try Tensor(elementType: type, shape: [outputs, inputs], storage: storage)
        }
        let rowByteCount = stored.rowByteCount
        let rows = try StoredRows(
            elementType: type,
            outputs: outputs,
            inputs: inputs,
            read: { rows, buffer in
                #expect(buffer.count == rows.count * rowByteCount && rows.upperBound <= outputs)
                let start = stored.storage.baseAddress + rows.lowerBound * rowByteCount
                buffer.copyMemory(from: UnsafeRawBufferPointer(start: start, count: buffer.count))
            },
            check: { _, _ in }
        )
        let failures = ReadingFailures()
        let made = try LinearWeights(
            deferring: rows,
            bias: nil,
            for: run.arithmetic,
            failures: failures,
            in: StorageArena()
        )
        #expect((made != nil) == LinearWeights.canDefer(rows, for: run.arithmetic))
        #expect(try LinearWeights(deferring: rows, bias: nil, for: .exact, failures: failures, in: nil) == nil)
        guard let deferred = made else { return }  // BF16 without instructions for it, or as floats
        let ready = try LinearWeights(stored).prepared(for: run.arithmetic)
        let scratch = try LinearScratch(
            workerCount: 1,
            maxInputs: inputs,
            slots: 20,
            inputForms: ready.inputForms
        )
        let x = random.floats(20 * inputs)
        for row in 0..<20 {
            x.withUnsafeBufferPointer { scratch.prepare($0.baseAddress! + row * inputs, inputs: inputs, slot: row) }
        }
        func product(_ weights: LinearWeights, _ range: Range<Int>, _ m: Int) -> [UInt32] {
            var y = [Float](repeating: 7, count: m * outputs)
            Linear.apply(
                weights,
                outputs: range,
                x: x,
                ldx: inputs,
                rows: m,
                y: &y,
                ldy: outputs,
                panel: scratch.panel(0),
                prepared: scratch.prepared(slot: 0)
            )
            return y.map(\.bitPattern)
        }
        func compare() {
            for m in [1, 3, 20] {
                for range in [0..<outputs, 1..<2, 5..<70, 64..<128, 190..<outputs] {
                    #expect(product(deferred, range, m) == product(ready, range, m), "\(range), \(m) rows")
                }
            }
            var found = [Float](repeating: 0, count: 3 * inputs)
            var wanted = found
            deferred.decode(rows: 200..<203, into: &found)
            ready.decode(rows: 200..<203, into: &wanted)
            #expect(found == wanted)
        }
        let matrix = try #require(deferred.deferred)
        #expect(!matrix.isComplete)
        compare()
        DeferredMatrix.complete(
            [matrix, matrix],
            pool: run.workers == 0 ? nil : try WorkerPool(workerCount: run.workers)
        )
        #expect(matrix.isComplete)
        compare()
        #expect(Array(deferred.bytes) == Array(ready.bytes))
        try failures.check()
    }

    /// A failure is kept until somebody asks, products go on with zeros, and the matrix can be read later.
    @Test func failuresAreKept() throws {
        let works = Flag()
        let rows = try StoredRows(
            elementType: .block(.q8_0),
            outputs: 20,
            inputs: 64,
            read: { _, buffer in
                guard works.value else { throw Unreadable() }
                for index in buffer.indices { buffer[index] = 0 }
            },
            check: nil
        )
        let failures = ReadingFailures()
        let made = try LinearWeights(deferring: rows, bias: nil, for: .fast, failures: failures, in: nil)
        let weights = try #require(made)
        let matrix = try #require(weights.deferred)
        var row = [Float](repeating: 1, count: 64)
        weights.decode(rows: 3..<4, into: &row)
        #expect(row == [Float](repeating: 0, count: 64))
        #expect(throws: Unreadable.self) { try failures.check() }
        try failures.check()
        DeferredMatrix.complete([matrix], pool: nil)
        #expect(!matrix.isComplete)
        #expect(throws: Unreadable.self) { try failures.check() }
        works.set()
        DeferredMatrix.complete([matrix], pool: nil)
        #expect(matrix.isComplete)
        try failures.check()
    }

    private final class Flag: @unchecked Sendable {
        // Sendable: set and read by the one thread of its test.
        private(set) var value = false
        func set() { value = true }
    }
}
