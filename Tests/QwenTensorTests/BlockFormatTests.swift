import Foundation
import QwenJSON
import QwenTensor
import Testing

/// Quantised blocks against gguf-py's numbers for the same bytes.
@Suite struct BlockFormatTests {
    struct Case: Sendable {
        let bytes: [UInt8]
        let values: [Float]
    }

    static let cases: [String: Case] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/block_cases.json")
        guard
            let data = try? Data(contentsOf: file),
            let formats = try? JSONValue(parsing: Array(data))["formats"]?.object
        else { return [:] }
        var cases: [String: Case] = [:]
        for (name, entry) in formats.members.map({ ($0.key, $0.value) }) {
            let values = hexadecimal(entry["values"]?.string)
            cases[name] = Case(
                bytes: hexadecimal(entry["bytes"]?.string),
                values: stride(from: 0, to: values.count, by: 4).map { start in
                    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(values[start + $1]) << (8 * UInt32($1)) })
                }
            )
        }
        return cases
    }()

    private static func hexadecimal(_ text: String?) -> [UInt8] {
        let digits = Array((text ?? "").utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { start in
            UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16)
        }
    }

    private func tensor(_ format: BlockFormat, shape: [Int], _ bytes: [UInt8]) throws -> Tensor {
        try Tensor(
            elementType: .block(format),
            shape: shape,
            storage: Storage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        )
    }

    @Test(arguments: BlockFormat.allCases)
    func numbersAreThoseOfTheReference(_ format: BlockFormat) throws {
        let item = try #require(Self.cases[format.rawValue])
        #expect(item.values.count == 4 * format.elementsPerBlock)
        #expect(item.bytes.count == 4 * format.bytesPerBlock)
        let found = try tensor(format, shape: [2, 2 * format.elementsPerBlock], item.bytes).floats()
        #expect(found.map(\.bitPattern) == item.values.map(\.bitPattern))
    }

    /// A scale that is infinite or NaN is found.
    @Test(arguments: BlockFormat.allCases.filter { $0 != .mxfp4 && $0 != .iq1_M })
    func findsNumbersThatAreNotFinite(_ format: BlockFormat) throws {
        var bytes = try #require(Self.cases[format.rawValue]).bytes
        #expect(try tensor(format, shape: [4 * format.elementsPerBlock], bytes).isFinite)
        let scale: [BlockFormat: Int] = [.q2_K: 80, .q3_K: 108, .q6_K: 208, .tq1_0: 52, .tq2_0: 64]
        let place = 2 * format.bytesPerBlock + (scale[format] ?? 0)
        bytes[place] = 0
        bytes[place + 1] = 0x7E
        #expect(try !tensor(format, shape: [4 * format.elementsPerBlock], bytes).isFinite)
    }

    /// Formats whose scale is not a half in one place are looked at element by element.
    @Test func findsOtherScalesThatAreNotFinite() throws {
        var bytes = try #require(Self.cases["MXFP4"]).bytes
        bytes.replaceSubrange(17..<34, with: [0xFF] + [UInt8](repeating: 0x77, count: 16))
        #expect(try !tensor(.mxfp4, shape: [128], bytes).isFinite)
        bytes = try #require(Self.cases["IQ1_M"]).bytes
        for (index, nibble) in [0, 0, 0, 7].enumerated() { bytes[49 + 2 * index] = UInt8(nibble << 4) }
        bytes[53] = 0xC0
        #expect(try !tensor(.iq1_M, shape: [1024], bytes).isFinite)
    }

    @Test func rowsNeedWholeBlocks() {
        #expect(throws: TensorError.incompleteBlock(elementType: .block(.q4_K), columns: 384)) {
            try Tensor.size(elementType: .block(.q4_K), shape: [2, 384])
        }
    }

    /// A product is that of the decoded rows, whatever the number of rows and workers.
    @Test(arguments: BlockFormat.allCases, [1, 3])
    func products(_ format: BlockFormat, workers: Int) throws {
        var random = RandomSource(31)
        let block = try #require(Self.cases[format.rawValue])
        let (outputs, inputs) = (37, 2 * format.elementsPerBlock)
        // Rows of one block each of the four, so that no two are alike.
        var bytes: [UInt8] = []
        for _ in 0..<2 * outputs {
            let start = Int(random.next() % 4) * format.bytesPerBlock
            bytes += block.bytes[start..<start + format.bytesPerBlock]
        }
        let weights = try tensor(format, shape: [outputs, inputs], bytes)
        let values = weights.floats()
        let largest = values.map(abs).max() ?? 0
        let linear = try LinearWeights(weights)
        let scratch = try LinearScratch(workerCount: workers, maxInputs: inputs)
        let pool = try WorkerPool(workerCount: workers)
        for rows in [1, 2, 9, 20] {
            let x = try AlignedBuffer<Float>(count: rows * inputs)
            for (i, value) in random.floats(x.count).enumerated() { x.elements[i] = value }
            let y = try AlignedBuffer<Float>(count: rows * outputs)
            pool.run { worker in
                Linear.apply(
                    linear,
                    x: x.baseAddress,
                    ldx: inputs,
                    rows: rows,
                    y: y.baseAddress,
                    ldy: outputs,
                    worker: &worker,
                    scratch: scratch
                )
            }
            for row in 0..<rows {
                for output in 0..<outputs {
                    let sum = (0..<inputs).reduce(0.0) {
                        $0 + Double(x.elements[row * inputs + $1]) * Double(values[output * inputs + $1])
                    }
                    #expect(abs(Double(y.elements[row * outputs + output]) - sum) <= 1e-4 * Double(largest))
                }
            }
        }
    }
}
