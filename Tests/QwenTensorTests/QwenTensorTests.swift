import QwenTensor
import Testing

@Suite struct SmokeTests {
    @Test func productThroughPool() throws {
        let n = 300
        let k = 77
        let storage = try Storage(byteCount: n * k * 2) { bytes in
            let w = bytes.bindMemory(to: UInt16.self)
            for i in 0..<w.count { w[i] = UInt16((Float(i % 13) - 6).bitPattern >> 16) }
        }
        let weights = try LinearWeights(Tensor(elementType: .bfloat16, shape: [n, k], storage: storage))
        for rows in [1, 3, 8, 20] {
            let x = try AlignedBuffer<Float>(count: rows * k)
            for i in 0..<x.count { x.elements[i] = Float(i % 7) - 3 }
            let y = try AlignedBuffer<Float>(count: rows * n)
            let pool = try WorkerPool(workerCount: 3)
            let scratch = try LinearScratch(workerCount: 3, maxInputs: k)
            pool.run { worker in
                Linear.apply(
                    weights,
                    x: x.baseAddress,
                    ldx: k,
                    rows: rows,
                    y: y.baseAddress,
                    ldy: n,
                    worker: &worker,
                    scratch: scratch
                )
            }
            for i in 0..<rows {
                for r in 0..<n {
                    var sum: Float = 0
                    for j in 0..<k { sum += x.elements[i * k + j] * Float((r * k + j) % 13 - 6) }
                    #expect(y.elements[i * n + r] == sum)
                }
            }
        }
    }
}
