import QwenTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Every level against double precision, at every length around the vector widths.
@Suite struct VectorKernelTests {
    static let counts = Array(0...67) + [127, 128, 129, 1000, 4099]

    @Test(arguments: RunnableLevel.all)
    func rmsNorm(_ level: RunnableLevel) {
        var random = RandomSource(2)
        for count in Self.counts where count > 0 {
            let x = random.floats(count, in: -3...3)
            let weight = random.floats(count)
            var y = [Float](repeating: 0, count: count + 1)
            y[count] = 9
            level.kernels.rmsNorm(x, weight: weight, epsilon: 1e-6, count: count, y: &y)
            let squares = x.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(Double(level.kernels.sumOfSquares(x, count: count)) - squares) <= 1e-6 * squares)
            let factor = 1 / (squares / Double(count) + 1e-6).squareRoot()
            for i in 0..<count {
                let expected = Double(weight[i]) * Double(x[i]) * factor
                #expect(abs(Double(y[i]) - expected) <= 1e-6 * abs(expected))
            }
            #expect(y[count] == 9)
            var inPlace = x
            inPlace.withUnsafeMutableBufferPointer {
                level.kernels.rmsNorm($0.baseAddress!, weight: weight, epsilon: 1e-6, count: count, y: $0.baseAddress!)
            }
            #expect(inPlace == Array(y.dropLast()))
        }
    }

    @Test(arguments: RunnableLevel.all)
    func rotary(_ level: RunnableLevel) {
        var random = RandomSource(3)
        for dimension in [2, 8, 20, 32, 64, 80, 128, 256] {
            let heads = 3
            let stride = dimension + 5
            let x = random.floats(heads * stride)
            let angles = random.floats(dimension / 2, in: -3...3)
            let cosines = angles.map { cosf($0) }
            let sines = angles.map { sinf($0) }
            var y = x
            level.kernels.rotate(
                &y,
                heads: heads,
                stride: stride,
                dimension: dimension,
                cosines: cosines,
                sines: sines
            )
            for h in 0..<heads {
                for i in 0..<dimension / 2 {
                    let (a, b) = (Double(x[h * stride + i]), Double(x[h * stride + i + dimension / 2]))
                    let (c, s) = (Double(cosines[i]), Double(sines[i]))
                    #expect(abs(Double(y[h * stride + i]) - (a * c - b * s)) < 3e-7)
                    #expect(abs(Double(y[h * stride + i + dimension / 2]) - (b * c + a * s)) < 3e-7)
                }
                #expect(y[h * stride + dimension..<(h + 1) * stride] == x[h * stride + dimension..<(h + 1) * stride])
            }
        }
    }

    @Test(arguments: RunnableLevel.all)
    func siluMultiply(_ level: RunnableLevel) {
        var random = RandomSource(4)
        for count in Self.counts {
            let gate = random.floats(count, in: -30...30)
            let up = random.floats(count)
            var y = [Float](repeating: 9, count: count + 1)
            level.kernels.siluMultiply(gate: gate, up: up, y: &y, count: count)
            for i in 0..<count {
                let expected = Double(gate[i]) / (1 + exp(-Double(gate[i]))) * Double(up[i])
                #expect(abs(Double(y[i]) - expected) <= 1e-6 * abs(expected))
            }
            #expect(y[count] == 9)
        }
        // Far out the function is 0 on one side and the identity on the other.
        let edges: [Float] = [-200, -100, -88, 88, 100, 1e30, 0, -0.0]
        var y = [Float](repeating: 0, count: edges.count)
        level.kernels.siluMultiply(gate: edges, up: [Float](repeating: 1, count: 8), y: &y, count: edges.count)
        for (gate, result) in zip(edges, y) {
            #expect(abs(result - max(gate, 0)) <= 1e-35 + 1e-6 * max(gate, 0), "silu(\(gate)) = \(result)")
        }
        level.kernels.siluMultiply(gate: [.nan], up: [1], y: &y, count: 1)
        #expect(y[0].isNaN)
    }

    @Test(arguments: RunnableLevel.all)
    func sums(_ level: RunnableLevel) {
        var random = RandomSource(5)
        for count in Self.counts {
            let x = random.floats(count)
            let y = random.floats(count + 1)
            var sum = y
            level.kernels.add(x, to: &sum, count: count)
            #expect((0..<count).allSatisfy { sum[$0] == y[$0] + x[$0] } && sum[count] == y[count])
            var scaled = y
            level.kernels.scale(&scaled, by: 0.3, count: count)
            #expect((0..<count).allSatisfy { scaled[$0] == y[$0] * 0.3 } && scaled[count] == y[count])
            var more = y
            level.kernels.add(x, times: 0.7, to: &more, count: count)
            #expect((0..<count).allSatisfy { abs(more[$0] - (y[$0] + 0.7 * x[$0])) <= 3e-7 })
            #expect(more[count] == y[count])
        }
    }

    @Test(arguments: RunnableLevel.all)
    func softmax(_ level: RunnableLevel) {
        var random = RandomSource(6)
        for count in Self.counts where count > 0 {
            var x = random.floats(count, in: -40...40)
            if count > 2 { x[count / 2] = -.infinity }
            let top = x.max()!
            let sum = x.reduce(0) { $0 + exp(Double($1 - top)) }
            var y = x + [9]
            level.kernels.softmax(&y, count: count)
            for i in 0..<count {
                let expected = exp(Double(x[i] - top)) / sum
                #expect(abs(Double(y[i]) - expected) <= 2e-6 * expected + 1e-37)
            }
            if count > 2 { #expect(y[count / 2] == 0) }
            #expect(y[count] == 9)
            let logSum = level.kernels.logSumExp(x, count: count)
            #expect(abs(logSum - (Double(top) + log(sum))) < 1e-6)
        }
        var masked = [Float](repeating: -.infinity, count: 37)
        #expect(level.kernels.logSumExp(masked, count: 37) == -.infinity)
        #expect(level.kernels.logSumExp(masked, count: 0) == -.infinity)
        level.kernels.softmax(&masked, count: 37)
        #expect(masked.allSatisfy { $0 == 0 })
        var single: [Float] = [3]
        level.kernels.softmax(&single, count: 1)
        #expect(single == [1])
    }

    @Test(arguments: RunnableLevel.all)
    func logSumExpOfAVocabulary(_ level: RunnableLevel) {
        var random = RandomSource(7)
        let x = random.floats(151_936, in: -12...12)
        let top = x.max()!
        let expected = Double(top) + log(x.reduce(0) { $0 + exp(Double($1 - top)) })
        #expect(abs(level.kernels.logSumExp(x, count: x.count) - expected) < 2e-7)
    }

    @Test(arguments: RunnableLevel.all)
    func maximum(_ level: RunnableLevel) {
        var random = RandomSource(8)
        for count in Self.counts where count > 0 {
            var x = random.floats(count)
            #expect(level.kernels.maximum(x, count: count) == x.max())
            #expect(level.kernels.indexOfMaximum(x, count: count) == x.firstIndex(of: x.max()!))
            let first = Int.random(in: 0..<count, using: &random)
            let second = Int.random(in: 0..<count, using: &random)
            x[first] = 2
            x[second] = 2
            #expect(level.kernels.indexOfMaximum(x, count: count) == min(first, second))
            if first != second {
                x[second] = .nan
                #expect(level.kernels.maximum(x, count: count) == 2)
                #expect(level.kernels.indexOfMaximum(x, count: count) == first)
            }
        }
        #expect(level.kernels.maximum([], count: 0) == -.infinity)
        #expect(level.kernels.indexOfMaximum([], count: 0) == 0)
    }
}
