import Benchmark
import QwenTensor

/// Memory full of BF16 numbers, far larger than any cache, and the workers that read it.
final class WeightMemory: Sendable {
    /// Made once for all benchmarks.
    static let shared = Result { try WeightMemory() }

    let storage: Storage
    let pool: WorkerPool
    var byteCount: Int { storage.byteCount }

    private init() throws {
        pool = try WorkerPool()
        storage = try Storage(byteCount: 151_936 * 1024 * 2) { bytes in
            var state: UInt32 = 1
            for index in bytes.bindMemory(to: UInt16.self).indices {
                state = state &* 1_664_525 &+ 1_013_904_223
                // A random sign and mantissa, an exponent that keeps the numbers near 0.01.
                let number = 0x3C00 | UInt16(truncatingIfNeeded: state >> 16) & 0x80FF
                bytes.storeBytes(of: number, toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    /// Reads every byte once.
    func read() {
        let chunk = 1 << 20
        pool.run { [storage] worker in
            let bytes = storage.bytes
            var sum = SIMD8<UInt64>.zero
            while let range = worker.nextRange(of: bytes.count / chunk, chunk: 1) {
                let lanes = bytes[range.lowerBound * chunk..<range.upperBound * chunk]
                UnsafeRawBufferPointer(rebasing: lanes).withMemoryRebound(to: SIMD8<UInt64>.self) { lanes in
                    for lane in lanes { sum |= lane }
                }
            }
            blackHole(sum)
        }
    }
}
