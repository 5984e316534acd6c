import Qwen

/// How fast this machine reads memory: the wall that decoding runs against, since each token reads all weights once.
///
/// As many threads as decode read a buffer much larger than the caches, each its half or quarter from front to end, and add
/// up what they read.
final class ReadBandwidth: Sendable {
    private let pool: WorkerPool
    private let buffer: AlignedBuffer<UInt64>
    private let sums: AlignedBuffer<UInt64>

    /// - Parameter threads: how many threads read.
    /// - Throws: `TensorError`.
    init(threads: Int) throws {
        pool = try WorkerPool(workerCount: threads)
        buffer = try AlignedBuffer(count: 1 << 25)
        // A cache line for each worker, so that none waits for another's.
        sums = try AlignedBuffer(count: 8 * threads)
        for index in 0..<buffer.count { buffer.baseAddress[index] = UInt64(index) }
    }

    /// Reads the buffer a few times.
    ///
    /// - Returns: the best pass, in 10⁹ bytes per second: the wall is what can be had, not what neighbours leave.
    func measure() -> Double {
        let clock = ContinuousClock()
        let byteCount = Double(buffer.count * MemoryLayout<UInt64>.stride)
        return (0..<4).map { _ in byteCount / (clock.measure(read) / .nanoseconds(1)) }.max() ?? 0
    }

    private func read() {
        pool.run { [buffer, sums] worker in
            let range = worker.range(of: buffer.count, multipleOf: 32)
            let words = UnsafeRawPointer(buffer.baseAddress)
            var sum0 = SIMD8<UInt64>.zero
            var sum1 = sum0
            var sum2 = sum0
            var sum3 = sum0
            var offset = range.lowerBound &* 8
            while offset < range.upperBound &* 8 {
                sum0 &+= words.load(fromByteOffset: offset, as: SIMD8<UInt64>.self)
                sum1 &+= words.load(fromByteOffset: offset &+ 64, as: SIMD8<UInt64>.self)
                sum2 &+= words.load(fromByteOffset: offset &+ 128, as: SIMD8<UInt64>.self)
                sum3 &+= words.load(fromByteOffset: offset &+ 192, as: SIMD8<UInt64>.self)
                offset &+= 256
            }
            sums.baseAddress[8 * worker.index] = (sum0 &+ sum1 &+ sum2 &+ sum3).wrappedSum()
        }
    }
}
