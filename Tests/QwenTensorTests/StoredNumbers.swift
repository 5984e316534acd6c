import QwenTensor
import Testing

extension ElementType {
    /// Bytes of the given numbers in this type, by the scalar kernels, and the numbers that they stand for.
    func encode(_ numbers: [Float]) -> (bytes: [UInt8], values: [Float]) {
        let kernels = Kernels(level: .scalar)!
        var bytes = [UInt8](repeating: 0, count: numbers.count * bytesPerBlock)
        var values = [Float](repeating: 0, count: numbers.count)
        bytes.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            kernels.convert(from: numbers, to: base, self, count: numbers.count)
            kernels.convert(from: base, self, to: &values, count: numbers.count)
        }
        return (bytes, values)
    }
}

/// The levels that this machine can run, each with its kernels.
struct RunnableLevel: CustomTestStringConvertible, Sendable {
    let kernels: Kernels
    var testDescription: String { kernels.name }

    static let all = Kernels.Level.allCases.compactMap { Kernels(level: $0) }.map { RunnableLevel(kernels: $0) }
}
