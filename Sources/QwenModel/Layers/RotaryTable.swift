import QwenTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The cosines and sines of the rotary position embedding, grown as positions are needed.
///
/// Angles are formed as transformers forms them, in float32: position × inverse frequency, then the cosine of that product.
/// Source: RoFormer (arXiv 2104.09864); YaRN (arXiv 2309.00071, §3), with the parameters of transformers'
/// `_compute_yarn_parameters`.
final class RotaryTable {
    /// Half the head dimension: the number of angles per position.
    let half: Int

    /// Positions in the table.
    private(set) var count = 0

    private let inverseFrequencies: [Float]
    private let magnitude: Float
    private var cosineTable: AlignedBuffer<Float>
    private var sineTable: AlignedBuffer<Float>

    /// `[count, half]`, row-major.
    var cosines: UnsafePointer<Float> { UnsafePointer(cosineTable.baseAddress) }

    /// `[count, half]`, row-major.
    var sines: UnsafePointer<Float> { UnsafePointer(sineTable.baseAddress) }

    init(_ configuration: ModelConfiguration) throws {
        half = configuration.headDimension / 2
        (inverseFrequencies, magnitude) = Self.frequencies(configuration)
        cosineTable = try AlignedBuffer(count: 1)
        sineTable = try AlignedBuffer(count: 1)
    }

    /// The bytes of the tables when they have grown to hold some positions, a chunk at a time.
    static func byteCount(positions: Int, chunk: Int, headDimension: Int) -> Int {
        var size = 256
        var end = min(chunk, positions)
        while true {
            if end > size { size = max(end, size * 2) }
            if end == positions { break }
            end = min(end + chunk, positions)
        }
        return 2 * size * (headDimension / 2) * MemoryLayout<Float>.stride
    }

    /// Makes the table hold at least `positions` positions.
    ///
    /// - Complexity: O(new positions × half); grows by doubling.
    func extend(to positions: Int) throws {
        guard positions > count else { return }
        let size = max(positions, count * 2, 256)
        let cosines = try AlignedBuffer<Float>(count: size * half)
        let sines = try AlignedBuffer<Float>(count: size * half)
        cosines.baseAddress.update(from: cosineTable.baseAddress, count: count * half)
        sines.baseAddress.update(from: sineTable.baseAddress, count: count * half)
        for position in count..<size {
            for index in 0..<half {
                let angle = Float(position) * inverseFrequencies[index]
                cosines.baseAddress[position * half + index] = cosf(angle) * magnitude
                sines.baseAddress[position * half + index] = sinf(angle) * magnitude
            }
        }
        cosineTable = cosines
        sineTable = sines
        count = size
    }

    /// The inverse frequencies of a head's pairs, and the factor on cosines and sines.
    static func frequencies(_ configuration: ModelConfiguration) -> (inverse: [Float], magnitude: Float) {
        let dimension = configuration.headDimension
        let theta = configuration.ropeTheta
        let wavelengths = (0..<dimension / 2).map { Float(pow(theta, Double(2 * $0) / Double(dimension))) }
        guard let yarn = configuration.yarn else {
            return (wavelengths.map { 1 / $0 }, 1)
        }
        // Pairs that turn more than betaFast times over the trained length keep their frequency, those that turn fewer
        // than betaSlow times are slowed down by the factor, and between the two a ramp blends.
        let trained = Double(yarn.originalContextLength)
        func pair(turning rotations: Double) -> Double {
            Double(dimension) * log(trained / (rotations * 2 * .pi)) / (2 * log(theta))
        }
        var low = pair(turning: yarn.betaFast)
        var high = pair(turning: yarn.betaSlow)
        if yarn.truncate {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(dimension - 1))
        if low == high { high += 0.001 }
        let inverse = wavelengths.enumerated().map { index, wavelength in
            let ramp = Float(min(max((Double(index) - low) / (high - low), 0), 1))
            let interpolated = 1 / (Float(yarn.factor) * wavelength)
            return interpolated * ramp + (1 / wavelength) * (1 - ramp)
        }
        return (inverse, Float(yarn.attentionFactor))
    }
}
