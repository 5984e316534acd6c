import QwenTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Both attention kernels against the textbook formula in double precision.
@Suite struct AttentionTests {
    static let headDimensions = [8, 24, 32, 64, 80, 128, 256]

    /// A cache of one key-value head whose rows lie further apart than they are long.
    struct Cache {
        let type: ElementType
        let headDimension: Int
        let keys: (bytes: [UInt8], values: [Float])
        let values: (bytes: [UInt8], values: [Float])
        var stride: Int { 2 * headDimension }

        init(_ type: ElementType, headDimension: Int, positions: Int, random: inout RandomSource) {
            self.type = type
            self.headDimension = headDimension
            keys = type.encode(random.floats(positions * 2 * headDimension, in: -2...2))
            values = type.encode(random.floats(positions * 2 * headDimension))
        }

        /// softmax(scale q·k) v over the first `count` positions.
        func attend(_ q: ArraySlice<Float>, count: Int, scale: Float) -> [Double] {
            let q = Array(q)
            let scores = (0..<count).map { j in
                (0..<headDimension).reduce(0.0) { $0 + Double(q[$1]) * Double(keys.values[j * stride + $1]) }
                    * Double(scale)
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let sum = weights.reduce(0, +)
            return (0..<headDimension).map { i in
                (0..<count).reduce(0.0) { $0 + weights[$1] * Double(values.values[$1 * stride + i]) } / sum
            }
        }
    }

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func onePositionInParts(_ level: RunnableLevel, _ type: ElementType) {
        var random = RandomSource(21)
        for headDimension in Self.headDimensions {
            let positions = 150
            let cache = Cache(type, headDimension: headDimension, positions: positions, random: &random)
            let scale = 2 / Float(headDimension).squareRoot()
            for group in [1, 2, 3, 7, 16] {
                let q = random.floats(group * headDimension, in: -2...2)
                // Parts of all sizes, an empty one too.
                let edges = [0, 1, 4, 4, 37, 69, 70, positions]
                let size = Kernels.attentionPartialSize(group: group, headDimension: headDimension)
                var partials = [Float](repeating: 5, count: size * (edges.count - 1))
                for part in 0..<edges.count - 1 {
                    let first = edges[part] * cache.stride * type.bytesPerBlock
                    cache.keys.bytes.withUnsafeBytes { keys in
                        cache.values.bytes.withUnsafeBytes { values in
                            partials.withUnsafeMutableBufferPointer {
                                level.kernels.attendPartially(
                                    q: q,
                                    group: group,
                                    headDimension: headDimension,
                                    keys: keys.baseAddress! + first,
                                    keyStride: cache.stride * type.bytesPerBlock,
                                    values: values.baseAddress! + first,
                                    valueStride: cache.stride * type.bytesPerBlock,
                                    type,
                                    count: edges[part + 1] - edges[part],
                                    scale: scale,
                                    partial: $0.baseAddress! + part * size
                                )
                            }
                        }
                    }
                }
                let outStride = headDimension + 2
                var out = [Float](repeating: 5, count: group * outStride)
                level.kernels.mergeAttention(
                    partials: partials,
                    stride: size,
                    parts: edges.count - 1,
                    group: group,
                    headDimension: headDimension,
                    out: &out,
                    outStride: outStride
                )
                for h in 0..<group {
                    let expected = cache.attend(
                        q[h * headDimension..<(h + 1) * headDimension],
                        count: positions,
                        scale: scale
                    )
                    let worst = (0..<headDimension).map { abs(Double(out[h * outStride + $0]) - expected[$0]) }.max()!
                    #expect(worst < 3e-6, "head dimension \(headDimension), group \(group), head \(h)")
                    #expect(out[h * outStride + headDimension] == 5)
                }
            }
        }
    }

    @Test(arguments: RunnableLevel.all)
    func nothingToSee(_ level: RunnableLevel) {
        var partial = [Float](repeating: 5, count: Kernels.attentionPartialSize(group: 2, headDimension: 16))
        let q = [Float](repeating: 1, count: 32)
        q.withUnsafeBytes { cache in
            level.kernels.attendPartially(
                q: q,
                group: 2,
                headDimension: 16,
                keys: cache.baseAddress!,
                keyStride: 64,
                values: cache.baseAddress!,
                valueStride: 64,
                .float32,
                count: 0,
                scale: 1,
                partial: &partial
            )
        }
        #expect(partial.prefix(2).allSatisfy { $0 == -.infinity } && partial.dropFirst(2).allSatisfy { $0 == 0 })
        var out = [Float](repeating: 5, count: 32)
        level.kernels.mergeAttention(
            partials: partial,
            stride: partial.count,
            parts: 1,
            group: 2,
            headDimension: 16,
            out: &out,
            outStride: 16
        )
        #expect(out.allSatisfy { $0 == 0 })
    }

    @Test(arguments: RunnableLevel.all, ElementType.plain)
    func manyPositions(_ level: RunnableLevel, _ type: ElementType) throws {
        var random = RandomSource(22)
        for (headDimension, group, rows, start) in [
            (8, 1, 1, 0), (24, 2, 5, 0), (32, 3, 70, 0), (64, 7, 11, 60), (80, 2, 33, 130), (128, 2, 40, 63),
            (128, 16, 9, 1), (256, 1, 66, 0),
        ] {
            let cache = Cache(type, headDimension: headDimension, positions: start + rows, random: &random)
            let scale = 2 / Float(headDimension).squareRoot()
            let qStride = group * headDimension + 3
            let outStride = group * headDimension + 1
            let q = random.floats(rows * qStride, in: -2...2)
            var out = [Float](repeating: 5, count: rows * outStride)
            let scratch = try AlignedBuffer<Float>(
                count: Kernels.attentionScratchSize(headDimension: headDimension) + 16
            )
            for i in 0..<scratch.count { scratch.elements[i] = .nan }
            cache.keys.bytes.withUnsafeBytes { keys in
                cache.values.bytes.withUnsafeBytes { values in
                    level.kernels.attendRows(
                        q: q,
                        qStride: qStride,
                        rows: rows,
                        group: group,
                        headDimension: headDimension,
                        start: start,
                        keys: keys.baseAddress!,
                        keyStride: cache.stride * type.bytesPerBlock,
                        values: values.baseAddress!,
                        valueStride: cache.stride * type.bytesPerBlock,
                        type,
                        scale: scale,
                        out: &out,
                        outStride: outStride,
                        scratch: scratch.baseAddress
                    )
                }
            }
            #expect(scratch.elements.suffix(16).allSatisfy { $0.isNaN })
            for row in 0..<rows {
                for h in 0..<group {
                    let from = row * qStride + h * headDimension
                    let expected = cache.attend(
                        q[from..<from + headDimension],
                        count: start + row + 1,
                        scale: scale
                    )
                    let to = row * outStride + h * headDimension
                    let worst = (0..<headDimension).map { abs(Double(out[to + $0]) - expected[$0]) }.max()!
                    guard worst < 3e-6 else {
                        Issue.record("head dimension \(headDimension), row \(row), head \(h): off by \(worst)")
                        return
                    }
                }
                #expect(out[row * outStride + group * headDimension] == 5)
            }
        }
    }

    @Test func headDimensions() {
        #expect([8, 64, 80, 128, 256].allSatisfy { Kernels.supportsHeadDimension($0) })
        #expect(![-8, 0, 4, 100, 264].contains { Kernels.supportsHeadDimension($0) })
    }
}
