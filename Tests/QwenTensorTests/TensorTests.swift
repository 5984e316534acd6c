import QwenTensor
import Testing

@Suite struct TensorTests {
    struct Failure: Error {}

    func storage(_ byteCount: Int) throws -> Storage {
        try Storage(byteCount: byteCount) { bytes in
            for i in 0..<bytes.count { bytes[i] = UInt8(truncatingIfNeeded: i) }
        }
    }

    @Test(arguments: [0, 1, 63, 4096, 3 << 20, (4 << 20) + 5])
    func storageHoldsItsBytes(_ byteCount: Int) throws {
        let storage = try storage(byteCount)
        #expect(storage.bytes.count == byteCount)
        #expect(Int(bitPattern: storage.baseAddress) % 64 == 0)
        #expect(storage.bytes.indices.allSatisfy { storage.bytes[$0] == UInt8(truncatingIfNeeded: $0) })
    }

    @Test func storageBeginsAsZeros() throws {
        for byteCount in [100, 5 << 20] {
            let storage = try Storage(byteCount: byteCount) { bytes in #expect(bytes.allSatisfy { $0 == 0 }) }
            #expect(storage.byteCount == byteCount)
        }
        let buffer = try AlignedBuffer<Float>(count: 1000)
        #expect(buffer.elements.allSatisfy { $0 == 0 })
        #expect(Int(bitPattern: buffer.baseAddress) % 64 == 0)
    }

    @Test(arguments: [-1, Int.min, Int.max])
    func impossibleStorage(_ byteCount: Int) {
        #expect(throws: TensorError.invalidByteCount(byteCount)) { try Storage(byteCount: byteCount) { _ in } }
    }

    @Test func tooMuchMemoryIsAnError() {
        #expect(throws: TensorError.allocationFailed(byteCount: 1 << 60)) { try Storage(byteCount: 1 << 60) { _ in } }
        #expect(throws: TensorError.self) { try AlignedBuffer<Float>(count: Int.max / 2) }
        #expect(throws: TensorError.self) { try AlignedBuffer<Float>(count: -1) }
    }

    @Test func fillingMayFail() {
        #expect(throws: Failure.self) { try Storage(byteCount: 10) { _ in throw Failure() } }
    }

    @Test func describesItsElements() throws {
        let storage = try storage(1000)
        let tensor = try Tensor(elementType: .bfloat16, shape: [2, 3, 4], storage: storage, byteOffset: 6)
        #expect(tensor.elementCount == 24 && tensor.byteCount == 48 && tensor.rowByteCount == 8)
        #expect(tensor.rows == 6 && tensor.columns == 4)
        #expect(tensor.row(5) == storage.baseAddress + 46)
        #expect(tensor[1].shape == [3, 4] && tensor[1].byteOffset == 30)
        #expect(tensor[1][2][3].shape.isEmpty && tensor[1][2][3].byteOffset == 52)
        let expected = (0..<24).map { (i: UInt32) -> Float in
            let low: UInt32 = 6 + 2 * i
            return Float(bitPattern: low << 16 | (low + 1) << 24)
        }
        #expect(tensor.floats() == expected)
        #expect(tensor[1].floats() == Array(expected[12...]))
        #expect(tensor.isFinite)
    }

    @Test func emptyAndScalar() throws {
        let storage = try storage(4)
        #expect(try Tensor(elementType: .float32, shape: [0, 5], storage: storage).floats().isEmpty)
        #expect(try Tensor(elementType: .float32, shape: [3, 0], storage: storage).rows == 3)
        #expect(try Tensor(elementType: .float32, shape: [], storage: storage).elementCount == 1)
    }

    @Test func whatDoesNotFit() throws {
        let storage = try storage(100)
        func make(_ shape: [Int], _ offset: Int = 0, _ type: ElementType = .float32) throws(TensorError) {
            _ = try Tensor(elementType: type, shape: shape, storage: storage, byteOffset: offset)
        }
        #expect(throws: Never.self) { try make([5, 5]) }
        #expect(throws: TensorError.outOfBounds(byteOffset: 4, byteCount: 100, storageByteCount: 100)) {
            try make([5, 5], 4)
        }
        #expect(throws: TensorError.outOfBounds(byteOffset: -4, byteCount: 4, storageByteCount: 100)) {
            try make([1], -4)
        }
        #expect(throws: TensorError.outOfBounds(byteOffset: Int.max, byteCount: 4, storageByteCount: 100)) {
            try make([1], Int.max)
        }
        #expect(throws: TensorError.misaligned(byteOffset: 2, alignment: 4)) { try make([1], 2) }
        #expect(throws: TensorError.misaligned(byteOffset: 1, alignment: 2)) { try make([1], 1, .float16) }
        for shape in [[-1], [2, -1], [-1, 2], [Int.max, 2], [1 << 32, 1 << 32], [Int.max], [0, -1]] {
            #expect(throws: TensorError.invalidShape(shape)) { try make(shape) }
        }
    }

    @Test func weightsAreMatrices() throws {
        let storage = try storage(1000)
        let vector = try Tensor(elementType: .float32, shape: [6], storage: storage)
        let matrix = try Tensor(elementType: .float32, shape: [5, 6], storage: storage)
        #expect(throws: TensorError.notAMatrix([6])) { try LinearWeights(vector) }
        #expect(throws: TensorError.biasDoesNotFit(bias: [6], weights: [5, 6])) {
            try LinearWeights(matrix, bias: vector)
        }
        #expect(try LinearWeights(matrix).byteCount == 120)
        #expect(!TensorError.notAMatrix([6]).description.isEmpty)
    }
}
